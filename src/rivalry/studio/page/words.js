// Every word of the page, in English and Chinese: one table.

const TABLE = {
  family: ["Family", "家族"], live: ["Live", "训练"], use: ["Use", "使用"], compare: ["Compare", "比较"], judge: ["Judge", "评判"],
  other: ["中文", "English"],
  gone: ["The studio has gone: its server no longer answers. What was saved is kept; start it again to go on.",
    "工作室的服务器没有回应。已保存的内容都还在；请重新启动。"],
  loading: ["Loading …", "正在载入……"], starting: ["Starting …", "正在启动……"], working: ["Working …", "正在计算……"],
  mapHelp: ["Games by year, from left to right, each room in its own band. Choose one to read it.",
    "从左到右按年份排列，每类一条带。选择一个来阅读。"],
  find: ["Find", "查找"], zoom: ["Zoom", "缩放"],
  parents: ["Comes from", "来自"], kinds: ["Plays on", "数据类型"], settings: ["Settings", "设置"], doc: ["In its own words", "说明"],
  train: ["Train", "训练"], game: ["Game", "模型"], data: ["Data", "数据"], rounds: ["Rounds", "轮数"], seed: ["Seed", "种子"],
  recipe: ["Recipe", "配方"], env: ["Environment", "环境"], none: ["none", "无"],
  begin: ["Begin", "开始"], beginPaused: ["Begin, and wait after the first round", "开始，第一轮后暂停"],
  pause: ["Pause", "暂停"], play: ["Play", "继续"], round: ["One round", "一轮"], turn: ["One turn", "一步"], stop: ["Stop and save", "停止并保存"],
  rate: ["Step sizes ×", "学习率 ×"], losses: ["Losses", "损失"], turns: ["What happened", "发生了什么"],
  nothingTrained: ["Nothing is being trained. Choose a game and data, and begin.", "现在没有训练。选择模型和数据，然后开始。"],
  at: ["round", "第几轮"], perSecond: ["rounds a second", "轮每秒"], frames: ["frames a second", "帧每秒"],
  modes: ["modes found", "找到的模式"], done: ["The training is done.", "训练完成。"], stopped: ["Stopped; everything is saved.", "已停止，全部已保存。"],
  failed: ["The training failed: ", "训练失败："], resume: ["Resume", "继续训练"], runs: ["Runs", "运行"],
  beside: ["Beside it", "并排"], besideHelp: ["Both are trained on the same data with the same seed, each at its own speed. The buttons tell both.",
    "两个模型用相同的数据和种子训练，速度各自不同。按钮同时控制两者。"],
  pointHelp: ["Point at a sample, or use the arrow keys: where it is blue the critic would score it higher if it were brighter, where it is orange if it were darker.",
    "指向一个样本，或用方向键：蓝色处更亮、橙色处更暗，会使判别器给出更高的分。"],
  spray: ["Draw your own distribution", "画你自己的分布"], sprayHelp: ["Spray points by dragging. The arrow keys move a square, space sprays.", "拖动以喷洒点。方向键移动方框，空格键喷洒。"],
  sprayKeep: ["Use it as data", "用作数据"], points: ["points", "个点"], yours: ["your own", "你的数据"],
  legend: ["Grey: real data. Color: made by the generator. Shade: the critic's score, darker is more real. Lines: the way the critic would move a sample.",
    "灰点：真实数据。彩点：生成的样本。底色：判别器的评分，越深越像真。短线：判别器希望样本移动的方向。"],
  turnWords: ["{player} looked at {batch} {plural} and lowered its loss, which was {loss}. Its gradient was {gradient} long.",
    "{player} 看了 {batch} 个数据，并降低了自己的损失（此前为 {loss}）。梯度的长度为 {gradient}。"],
  criticWords: ["The critic looked at {batch} real and {batch} made {plural}. It moved to score real ones higher. Its loss was {loss}, its gradient {gradient} long.",
    "判别器看了 {batch} 个真实样本和 {batch} 个生成样本，然后移动，使真实样本得分更高。损失为 {loss}，梯度的长度为 {gradient}。"],
  generatorWords: ["The generator made {batch} {plural} and asked the critic about them. It moved so that they score higher. Its loss was {loss}, its gradient {gradient} long.",
    "生成器生成了 {batch} 个样本，请判别器评分，然后移动，使它们得分更高。损失为 {loss}，梯度的长度为 {gradient}。"],
  roundOver: ["The round is over: every player has moved.", "这一轮结束：每一方都走过了。"],
  chooseRun: ["Choose a run", "选择一个运行"], noRuns: ["There are no runs here yet. Train one in the room Live.", "还没有运行。请先到“训练”里训练一个。"],
  sample: ["Sample", "采样"], label: ["Class", "类别"], truncation: ["Truncation", "截断"], firstSeed: ["First seed", "起始种子"], howMany: ["How many", "数量"],
  pick: ["Choose a sample to work on it.", "选择一个样本来编辑。"], chosen: ["The chosen sample", "选中的样本"],
  directions: ["Strongest directions", "最强的方向"], numbers: ["Numbers of the code", "编码的分量"], parts: ["Named parts", "有名字的部分"],
  toA: ["Put in group A", "放入 A 组"], toB: ["Put in group B", "放入 B 组"], between: ["From B towards A", "从 B 到 A"], clear: ["Empty both groups", "清空两组"],
  pathTo: ["Path to the sample that is chosen next", "到下一个所选样本的路径"],
  invert: ["Find the code of a picture of yours", "为你的图片寻找编码"], error: ["mean squared error", "均方误差"],
  color: ["Color", "颜色"], size: ["Size", "粗细"], paint: ["Color", "上色"], line: ["Line", "线条"], warp: ["Warp", "变形"], erase: ["Erase all", "清除"],
  apply: ["Find the nearest samples", "寻找最近的样本"], inside: ["color error left", "剩余颜色误差"], outside: ["change outside", "区域外的变化"],
  brushHelp: ["Paint on the sample, draw a line, or pull a part of it elsewhere. The arrow keys move a pen, space paints; to warp, space takes a part and puts it down.",
    "在样本上作画、画线，或把一部分拖到别处。方向键移动画笔，空格键上色；变形时，空格键拿起和放下。"],
  save: ["Save PNG", "保存 PNG"], saveCode: ["Save code", "保存编码"],
  text: ["What the samples should show, in words", "用文字描述样本"], onClick: ["A click on a sample", "点击样本时"], work: ["Works on it", "编辑它"],
  savePictures: ["Save all as PNG", "全部保存为 PNG"], saveCodes: ["Save all codes", "保存全部编码"], saveFilm: ["Save the path as GIF", "将路径保存为 GIF"],
  translate: ["Translate", "翻译图像"], translated: ["The translation", "翻译结果"], ground: ["Ground", "底色"], white: ["White", "白"], black: ["Black", "黑"],
  domain: ["To", "目标"], fileOf: ["A picture of yours", "你的图片"],
  drawHelp: ["Draw a picture. The arrow keys move a pen, space paints.", "画一幅图。方向键移动画笔，空格键上色。"],
  mixIn: ["Layers of the sample that is chosen next", "取自下一个所选样本的层"], coarse: ["coarse", "粗"], middle: ["middle", "中"], fine: ["fine", "细"],
  dream: ["Deep Dream", "深度梦境"], dreamHelp: ["The picture is changed until a layer of the critic answers to it more strongly.", "改变图片，直到判别器的某一层对它反应更强。"],
  dreamOn: ["Dream", "做梦"], dreamed: ["The dream", "梦"], layer: ["Layer", "层"], steps: ["Steps", "步数"], byItself: ["chosen by itself", "自动选择"],
  twoRuns: ["Choose two runs or more.", "选择两个或更多运行。"], show: ["Show", "显示"], different: ["What differs", "不同之处"],
  same: ["Nothing that was asked for differs.", "设置完全相同。"], sheets: ["Sheets at equal rounds", "相同轮数的样本"], curves: ["Curves", "曲线"], scores: ["Scores", "评分"],
  measure: ["Measure now on 1,000 samples", "现在用 1000 个样本测量"], noScores: ["No scores yet.", "还没有评分。"], noise: ["no more than noise", "只是噪声"],
  study: ["Study", "研究"], newStudy: ["New study", "新研究"], realFake: ["Real or fake? (one run and its data)", "真还是假？（一个运行和它的数据）"], pairs: ["Which is better? (two runs)", "哪个更好？（两个运行）"],
  judgeName: ["Pseudonym", "化名"], images: ["Images of each source", "每个来源的图片数"], make: ["Make the study", "创建"],
  width: ["End when intervals are as narrow as", "区间窄到此值时结束"], never: ["never", "不结束"], timed: ["Show each image for a limited time", "限时显示图片"],
  next: ["Next question", "下一题"], real: ["Real", "真"], fake: ["Fake", "假"], left: ["Left", "左"], right: ["Right", "右"], tie: ["Equal", "一样"],
  noQuestion: ["There is nothing left to ask. Thank you.", "没有更多问题了。谢谢。"], result: ["Result", "结果"], answers: ["answers", "个回答"],
  judgeHelp: ["Keys: the first letter of an answer.", "按键：答案的英文首字母。"], askReal: ["Is this real or fake?", "这是真的还是假的？"], askBetter: ["Which is better?", "哪一个更好？"],
};

const NAME = "rivalry-language";
let chinese = (localStorage.getItem(NAME) ?? navigator.language).startsWith("zh");

export function say(name, values = {}) {
  const words = TABLE[name]?.[chinese ? 1 : 0] ?? name;
  return words.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
}

export function language() { return chinese ? "zh" : "en"; }

export function otherLanguage() {
  chinese = !chinese;
  localStorage.setItem(NAME, language());
}
