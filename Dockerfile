# Mail Trace as an image: `docker build -t mail-trace .`
# The base is any image with Python 3.11 or later: `--build-arg PYTHON_IMAGE=...`
ARG PYTHON_IMAGE=python:3.13-slim

FROM ${PYTHON_IMAGE} AS build
WORKDIR /src
COPY requirements/run.txt requirements/run.txt
RUN python3 -m venv /opt/mailtrace \
 && /opt/mailtrace/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/run.txt
COPY . .
# What only an installation needs does not come along.
RUN /opt/mailtrace/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation . \
 && /opt/mailtrace/bin/pip uninstall --yes --quiet setuptools pip

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="Mail Trace" \
      org.opencontainers.image.description="What happened to that e-mail?" \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /opt/mailtrace /opt/mailtrace
# Positions in the log files, and the embedded store where that is used: the one folder that is written to.
RUN install -d -o 10001 -g 10001 -m 0700 /var/lib/mailtrace
ENV PATH=/opt/mailtrace/bin:$PATH \
    HOME=/var/lib/mailtrace \
    MAILTRACE_DATA=/var/lib/mailtrace \
    PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /var/lib/mailtrace
VOLUME /var/lib/mailtrace
ENTRYPOINT ["mailtrace"]
CMD ["--help"]
