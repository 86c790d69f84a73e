# The daemon in a container: built with a compiler, run without one, not as root, on a root file
# system that may be read-only. See docs/deployment.md.

FROM python:3.11-slim-bookworm AS build
# The versions are those of the Debian release that the base image's tag names.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN pip wheel --no-cache-dir --wheel-dir /wheels ".[fast]"

FROM python:3.11-slim-bookworm AS install
COPY --from=build /wheels /wheels
RUN python -m venv /opt/crossquote \
    && /opt/crossquote/bin/pip install --no-cache-dir --no-index --find-links /wheels "crossquote[fast]"

FROM python:3.11-slim-bookworm
RUN groupadd --system --gid 10001 crossquote \
    && useradd --system --uid 10001 --gid 10001 --home-dir /var/lib/crossquote --no-create-home crossquote \
    && install --directory --owner=10001 --group=10001 --mode=0750 /var/lib/crossquote /run/crossquote
COPY --from=install /opt/crossquote /opt/crossquote
COPY config.yaml /etc/crossquote/config.yaml
# Written to are only the volume (recordings), /run/crossquote (the door) and /dev/shm (quotes).
ENV PATH=/opt/crossquote/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    CROSSQUOTE__CONTROL__SOCKET=/run/crossquote/door.sock \
    CROSSQUOTE__LOG__FILE="" \
    CROSSQUOTE__LOG__FORMAT=json
USER 10001:10001
WORKDIR /var/lib/crossquote
VOLUME /var/lib/crossquote
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["crossquote", "status", "--socket", "/run/crossquote/door.sock"]
ENTRYPOINT ["crossquote"]
CMD ["run", "--config", "/etc/crossquote/config.yaml"]
