"""The HTTP API: asks the model, and keeps each answer in the database."""

import json
import os
import time
import urllib.request

import psycopg
import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from psycopg.rows import dict_row
from pydantic import BaseModel, confloat, conlist

MODEL_URL = os.environ["MODEL_URL"]
HISTORY_LIMIT = int(os.environ.get("HISTORY_LIMIT", "12"))
PASSWORD_FILE = "/run/secrets/db_password"

app = FastAPI(title="digits")


class Digit(BaseModel):
    pixels: conlist(confloat(ge=0, le=16), min_items=64, max_items=64)


def connect(patience=5.0):
    """A new connection. One for each request, so that a database that was
    restarted leaves no dead one behind; while it restarts, we wait a little."""
    with open(PASSWORD_FILE) as f:
        password = f.read().strip()
    deadline = time.monotonic() + patience
    while True:
        try:
            return psycopg.connect(password=password, connect_timeout=2, row_factory=dict_row)
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def query(statement, args=(), patience=5.0):
    with connect(patience) as connection:
        return connection.execute(statement, args).fetchall()


def ask_model(path, body=None):
    """Asks one replica: each request is a new connection to one of the name's addresses."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(MODEL_URL + path, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


@app.exception_handler(psycopg.OperationalError)
def database_is_away(_request, error):
    return JSONResponse({"error": f"database: {error}"}, status_code=503)


# A model that cannot be reached, answers too late, or ends before its answer.
@app.exception_handler(OSError)
def model_is_away(_request, error):
    return JSONResponse({"error": str(error)}, status_code=503)


@app.post("/api/predict")
def predict(digit: Digit):
    answer = ask_model("/predict", {"pixels": digit.pixels})
    [row] = query(
        """insert into predictions (pixels, digit, probabilities, replica)
           values (%s, %s, %s, %s) returning id, at""",
        (digit.pixels, answer["digit"], answer["probabilities"], answer["replica"]),
    )
    return {**row, **answer}


@app.get("/api/history")
def history():
    return query(
        """select id, at, pixels, digit, probabilities[digit + 1] as probability
           from predictions order by id desc limit %s""",
        (HISTORY_LIMIT,),
    )


@app.get("/api/sample")
def sample():
    return ask_model("/sample")


@app.get("/api/health")
def health():
    query("select 1", patience=0)
    return {"status": "ok"}


if __name__ == "__main__":
    uvicorn.run(app, host="0.0.0.0", port=8000, log_level=os.environ.get("LOG_LEVEL", "info"))
