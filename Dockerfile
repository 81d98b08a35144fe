# The service as an image: every part of compose.yaml is this image with another command.
FROM python:3.13-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DIGEST_HOME=/var/lib/digest
WORKDIR /opt/digest
# the dependencies first: they change seldom. The lock's part behind the marker is for tests.
COPY requirements.lock .
RUN sed '/^# development/,$d' requirements.lock > service.lock \
    && pip install --no-cache-dir --disable-pip-version-check --require-hashes -r service.lock \
    && useradd --system --home-dir /var/lib/digest --create-home digest
COPY manage.py pyproject.toml ./
COPY digest digest
COPY subscribers subscribers
COPY templates templates
USER digest
VOLUME /var/lib/digest
EXPOSE 8000
CMD ["gunicorn", "--bind", "0.0.0.0:8000", "--workers", "4", "--threads", "4", "--no-control-socket", "digest.wsgi"]
