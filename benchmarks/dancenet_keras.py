"""How fast DanceNet's original networks learn and generate in Keras, for `dancenet.py` to compare.

    python benchmarks/dancenet_keras.py

Runs in an environment of its own with TensorFlow (`pip install tensorflow`), without DanceNow.
Written from the published architecture; the last line printed is one JSON object with rates.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from statistics import median
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

SIZE, LATENT, MIXTURES = (120, 208, 1), 128, 24


def autoencoder() -> tuple[Any, Any]:
    """DanceNet's encoder (mean and log variance) and decoder."""
    x = picture = keras.Input(SIZE)
    for filters in (128, 64, 32):
        x = layers.Conv2D(filters, 3, activation="relu", padding="same")(x)
        x = layers.MaxPooling2D(2)(x)
    x = layers.Dense(128)(layers.Flatten()(x))
    encoder = keras.Model(picture, [layers.Dense(LATENT)(x), layers.Dense(LATENT)(x)])
    x = latent = keras.Input((LATENT,))
    x = layers.Reshape((15, 26, 32))(layers.Dense(15 * 26 * 32, activation="relu")(x))
    x = layers.Dense(128)(x)
    for filters in (32, 64, 128):
        x = layers.Conv2D(filters, 3, activation="relu", padding="same")(x)
        x = layers.UpSampling2D(2)(x)
    x = layers.Conv2D(1, 3, activation="sigmoid", padding="same")(x)
    return encoder, keras.Model(latent, x)


def sequence() -> Any:
    """DanceNet's three LSTM layers and mixture density network, one latent at a time."""
    x = latent = keras.Input((LATENT,))
    x = layers.Reshape((1, LATENT))(x)
    for number in range(3):
        x = layers.LSTM(512, return_sequences=number < 2)(x)
        x = layers.Dropout(0.4)(x)
    x = layers.Dense(1000, activation="relu")(x)
    size = MIXTURES * LATENT
    means = layers.Dense(size)(x)
    scales = layers.Dense(size, activation=lambda t: ops.elu(t) + 1 + 1e-8)(x)
    return keras.Model(latent, layers.Concatenate()([means, scales, layers.Dense(MIXTURES)(x)]))


def negative_log_likelihood(target: Any, parameters: Any) -> Any:
    """Of a mixture of diagonal Gaussians."""
    size = MIXTURES * LATENT
    means, scales, logits = tf.split(parameters, [size, size, MIXTURES], 1)
    means = tf.reshape(means, (-1, MIXTURES, LATENT))
    scales = tf.reshape(scales, (-1, MIXTURES, LATENT))
    standard = (target[:, None] - means) / scales
    density = -0.5 * tf.reduce_sum(standard**2, 2) - tf.reduce_sum(tf.math.log(scales), 2)
    density -= 0.5 * LATENT * np.log(2 * np.pi)
    return -tf.reduce_mean(tf.reduce_logsumexp(tf.nn.log_softmax(logits) + density, 1))


def seconds(work: Callable[[], Any], repeats: int) -> float:
    """Median time of a call, after one that is not counted."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return median(times)


def main() -> None:
    """Measure and print."""
    encoder, decoder = autoencoder()
    rmsprop, adam = keras.optimizers.RMSprop(1e-3), keras.optimizers.Adam(5e-4)
    rng = np.random.default_rng(0)
    pictures = rng.random((100, *SIZE), np.float32)

    @tf.function
    def learn_pictures(x: Any) -> Any:
        with tf.GradientTape() as tape:
            mean, log_variance = encoder(x, training=True)
            drawn = mean + tf.exp(0.5 * log_variance) * tf.random.normal(tf.shape(mean))
            entropy = keras.losses.binary_crossentropy(x, decoder(drawn, training=True))
            divergence = 1 + log_variance - mean**2 - tf.exp(log_variance)
            loss = tf.reduce_mean(
                tf.reduce_sum(entropy, (1, 2)) - 0.5 * tf.reduce_sum(divergence, 1)
            )
        weights = encoder.trainable_weights + decoder.trainable_weights
        rmsprop.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return loss

    model = sequence()
    latents = rng.random((1024, LATENT), np.float32)

    @tf.function
    def learn_dance(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = negative_log_likelihood(y, model(x, training=True))
        weights = model.trainable_weights
        adam.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return loss

    def generate() -> None:
        model.predict(latents[:1], verbose=0)
        decoder.predict(latents[:1], verbose=0)

    rates = {
        "vae_training": 100 / seconds(lambda: learn_pictures(pictures).numpy(), 3),
        "encoding": 1 / seconds(lambda: encoder.predict(pictures[:1], verbose=0), 20),
        "sequence_training": 1024 / seconds(lambda: learn_dance(latents, latents).numpy(), 5),
        "generating": 1 / seconds(generate, 20),
    }
    print(json.dumps({name: round(rate, 2) for name, rate in rates.items()}))


if __name__ == "__main__":
    main()
