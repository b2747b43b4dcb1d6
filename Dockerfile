FROM python:3.13-slim
ENV PYTHONUNBUFFERED=1
WORKDIR /app
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . ./
# the key is made up for this one command and stays nowhere
RUN SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(48))')" \
    DATABASE_URL=sqlite:///:memory: python manage.py collectstatic --no-input
RUN useradd --system --uid 10001 actionplan && install -d -o actionplan /data/files /data/keys /data/beat
USER actionplan
EXPOSE 8000
CMD ["python", "-m", "gunicorn", "actionplan.wsgi", \
    "--bind", "0.0.0.0:8000", "--preload", "--worker-class", "gthread", "--workers", "2", "--threads", "4", \
    "--worker-connections", "64", "--backlog", "128", "--timeout", "0", \
    "--graceful-timeout", "5", "--no-control-socket"]
