# One image for web, worker and beat; docker-compose.yml says which it is to be.
FROM python:3.11-slim-bookworm AS packages
COPY requirements.txt /
RUN python -m venv /venv \
    && /venv/bin/pip install --quiet --no-cache-dir --disable-pip-version-check --require-hashes --no-deps -r /requirements.txt

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home infusion
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 INFUSION_PRODUCTION=1
COPY --from=packages /venv /venv
WORKDIR /srv/infusion
COPY . .
# The key serves this one command and is kept nowhere; the database is named, not asked.
RUN INFUSION_SECRET_KEY=collectstatic DATABASE_URL=postgres://nobody@localhost/none \
        python manage.py collectstatic --no-input --verbosity 0 \
    && python -m compileall -q .
USER infusion
EXPOSE 8000
CMD ["gunicorn", "infusion.wsgi", "--bind=0.0.0.0:8000", "--workers=3", "--threads=4", "--timeout=30", \
     "--max-requests=5000", "--max-requests-jitter=500", "--worker-tmp-dir=/tmp", "--no-control-socket"]
