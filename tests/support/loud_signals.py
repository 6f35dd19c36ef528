"""Signals that try a limiter: music, noise, tones between samples, single clicks."""

import numpy as np

FADE_S = 0.05


def faded(signal: np.ndarray, rate: int) -> np.ndarray:
    """Return a signal that begins and ends gently, so that no edge is its peak."""
    frames = int(FADE_S * rate)
    slope = 0.5 - 0.5 * np.cos(np.pi * np.arange(frames) / frames)
    signal[:frames] *= slope
    signal[-frames:] *= slope[::-1]
    return signal


def signals(seconds: float, rate: int) -> dict[str, np.ndarray]:
    """Return mono signals by their names, float32."""
    frames = round(seconds * rate)
    time, count = np.arange(frames) / rate, np.arange(frames)
    random = np.random.default_rng(3)
    noise = random.standard_normal(frames)
    beat, hit = np.exp(-((2 * time) % 1) * 12), (4 * time + 0.5) % 1
    click = np.zeros(frames)
    click[frames // 2] = 0.9
    made = {
        "music": 0.3 * np.sin(2 * np.pi * 110 * time) * beat
        + 0.2 * np.sin(2 * np.pi * (440 + 3 * np.sin(5 * time)) * time)
        + 0.2 * noise * np.exp(-hit * 30),
        "noise": 0.1 * noise,
        "white, loud": random.uniform(-0.5, 0.5, frames),
        "quiet, then loud": 0.2 * noise * np.where(time < seconds / 2, 0.01, 1),
        "sparse hats": 0.5 * noise * np.exp(-((2 * time) % 1) * 150),
        "bass": faded(0.5 * np.sin(2 * np.pi * 41 * time), rate),
        "kick": 0.8
        * np.sin(2 * np.pi * 50 * (time % 0.5) * np.exp(-3 * (time % 0.5)))
        * np.exp(-9 * (time % 0.5)),
        "square": faded(0.4 * np.sign(np.sin(2 * np.pi * 220.5 * time + 0.1)), rate),
        "sine": faded(0.2 * np.sin(2 * np.pi * 997 * time), rate),
        "dense, with clicks": 0.05 * noise + 0.9 * (count % (rate // 3) == 0),
        "click": click,
        "silence": np.zeros(frames),
    }
    for share, degrees in ((1 / 4, 0), (1 / 4, 22.5), (1 / 4, 45), (0.45, 30)):
        tone = np.sin(2 * np.pi * share * count + np.radians(degrees))
        made[f"tone at {share} of the rate, {degrees}"] = faded(0.3 * tone, rate)
    return {name: signal.astype(np.float32) for name, signal in made.items()}
