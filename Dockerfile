# docspec on the processor, with its bundled model: nothing is loaded when it runs.
#
#   docker build -t docspec .
#   docker run --rm --network none -v "$PWD:/work" docspec parse paper.pdf > paper.md
#
# Without --build-arg TORCH_INDEX=URL, an index of torch's builds without CUDA (its installation page says which),
# the build with CUDA is taken: it works as well, and takes gigabytes.

FROM python:3.11-slim

# What OpenCV is linked to.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/*

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

# torch by itself: this layer stays when docspec changes. pip takes the higher version of both indexes, and
# 2.13.0+cpu is higher than 2.13.0.
ARG TORCH_INDEX=
COPY constraints.txt /src/
RUN pip install --constraint /src/constraints.txt ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} torch

COPY . /src
RUN pip install --constraint /src/constraints.txt /src && rm -rf /src

# Any user may run it: whose home is not known has one.
ENV HOME=/tmp HF_HUB_OFFLINE=1 PYTHONUNBUFFERED=1
WORKDIR /work
ENTRYPOINT ["docspec"]
CMD ["--help"]
