"""Serves the model that the training left in the shared volume."""

import os
import random
import socket
from functools import lru_cache

import joblib
import numpy as np
import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from pydantic import BaseModel, confloat, conlist

app = FastAPI(title="digits model")


class Digit(BaseModel):
    pixels: conlist(confloat(ge=0, le=16), min_items=64, max_items=64)


@lru_cache(maxsize=1)
def trained():
    """Loaded once. Not there yet is not remembered: the next question looks again."""
    return joblib.load("/models/digits.joblib")


@app.exception_handler(FileNotFoundError)
def not_trained_yet(_request, error):
    return JSONResponse({"error": str(error)}, status_code=503)


@app.get("/health")
def health():
    return {"status": "ok", "accuracy": trained()["accuracy"]}


@app.get("/sample")
def sample():
    """A digit that the training has not seen, with what it really is."""
    labels = trained()["labels"]
    chosen = random.randrange(len(labels))
    return {"pixels": trained()["samples"][chosen].tolist(), "label": int(labels[chosen])}


@app.post("/predict")
def predict(digit: Digit):
    [probabilities] = trained()["model"].predict_proba([digit.pixels])
    return {
        "digit": int(np.argmax(probabilities)),
        "probabilities": [round(float(p), 4) for p in probabilities],
        "replica": socket.gethostname(),
    }


if __name__ == "__main__":
    uvicorn.run(app, host="0.0.0.0", port=8000, log_level=os.environ.get("LOG_LEVEL", "info"))
