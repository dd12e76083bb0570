FROM python:3.13-slim AS build
WORKDIR /src
COPY requirements.txt pyproject.toml README.md LICENSE ./
COPY router router
COPY channels channels
COPY classifiers classifiers
COPY config config
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --require-hashes -r requirements.txt \
 && /opt/venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim
RUN useradd --uid 10001 --create-home router && mkdir /config && chown router /config
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH COMPLAINT_ROUTER_CONFIG=/config PYTHONUNBUFFERED=1
USER router
VOLUME /config
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/readyz', timeout=4)"]
ENTRYPOINT ["complaint-router"]
CMD ["run"]
