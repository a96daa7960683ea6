# The desk as a container. Redis, the database and the model are services of their own: docker-compose.yml.
FROM python:3.12-slim
RUN useradd --create-home --uid 10001 shopdesk
WORKDIR /app
COPY requirements.lock pyproject.toml README.md ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY bot bot
COPY adapters adapters
COPY prompts prompts
COPY serving serving
RUN pip install --no-cache-dir --no-deps . && mkdir /data && chown shopdesk /data
USER shopdesk
VOLUME /data
ENV SHOPDESK_DATA_DIR=/data SHOPDESK_HOST=0.0.0.0
EXPOSE 8000
HEALTHCHECK CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthy', timeout=3)"]
CMD ["shopdesk", "run"]
