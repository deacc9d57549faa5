# The image of every process of a fleet. Slim, not alpine: the embedded broker has no musl wheel.
# A deployment pins the base by digest: --build-arg BASE=python@sha256:…
ARG BASE=python:3.13-slim-bookworm

FROM ${BASE} AS build
WORKDIR /build
COPY requirements.lock ./
RUN python -m venv /opt/campaigns \
    && /opt/campaigns/bin/pip install --no-cache-dir --require-hashes --only-binary=:all: \
        -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY src src
COPY workers workers
RUN /opt/campaigns/bin/pip install --no-cache-dir --no-deps --no-index --no-build-isolation . \
    && /opt/campaigns/bin/pip uninstall --yes hatchling trove-classifiers tomlkit pathspec pip

FROM ${BASE}
RUN useradd --system --uid 10001 --create-home --home-dir /state --shell /usr/sbin/nologin campaigns
COPY --from=build /opt/campaigns /opt/campaigns
ENV PATH=/opt/campaigns/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONSAFEPATH=1 \
    CAMPAIGNS_HOME=/state
USER 10001
WORKDIR /state
EXPOSE 8080
ENTRYPOINT ["campaigns"]
CMD ["--help"]
