# rivalry in a container; it runs the demo unless it is told another command.
#
#   docker build -t rivalry .                                                      for a CPU alone
#   docker build -t rivalry --build-arg TORCH=https://download.pytorch.org/whl/cu128 .    for CUDA: run with --gpus all
#   docker run --rm -v "$PWD/runs:/work/runs" rivalry
#   docker run --rm -v "$PWD:/work" rivalry rivalry train dcgan --data pictures --time 10m
FROM python:3.12-slim

ARG TORCH=https://download.pytorch.org/whl/cpu
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE NOTICE ./
COPY src ./src
# torch first, and from its own index: the build for a CPU is a tenth of the one for CUDA.
RUN pip install --no-cache-dir "$(grep '^torch==' constraints.txt)" --index-url "$TORCH" \
    && pip install --no-cache-dir -c constraints.txt . \
    && useradd --create-home player && mkdir /work && chown player /work

USER player
WORKDIR /work
CMD ["sh", "-c", "run=$(rivalry train projection-gan --recipe demo) && rivalry sample $run -n 100 -o $run/samples/final.png && rivalry evaluate $run --metrics judge,accuracy,fid -n 2000 && echo $run/report.html"]
