# rivalry in a container; it runs the demo unless it is told another command.
#
#   docker build -t rivalry .                          torch's default build, for CUDA and processors: run with --gpus all
#   docker build -t rivalry --build-arg TORCH=INDEX .  another build of torch, from the index that its page for installing
#                                                      names: the one for processors alone is a tenth as large
#   docker run --rm -v "$PWD/runs:/work/runs" rivalry
#   docker run --rm -v "$PWD:/work" rivalry rivalry train dcgan --data pictures --time 10m
FROM python:3.12-slim

ARG TORCH=""
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE NOTICE ./
COPY src ./src
COPY tools/index_readme.py ./tools/index_readme.py
# torch first, since it may come from an index of its own.
RUN pip install --no-cache-dir "$(grep '^torch==' constraints.txt)" ${TORCH:+--index-url "$TORCH"} \
    && pip install --no-cache-dir -c constraints.txt . \
    && useradd --create-home player && mkdir /work && chown player /work

USER player
WORKDIR /work
CMD ["sh", "-c", "run=$(rivalry train projection-gan --recipe demo) && rivalry sample $run -n 100 -o $run/samples/final.png && rivalry evaluate $run --metrics judge,accuracy,fid -n 2000 && echo $run/report.html"]
