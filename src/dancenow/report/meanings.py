"""The meaning of every figure of a report: what it is, which way is better, and what is good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Better = Literal["higher", "lower", "near 1", "near 0", "as learned", "as the truth", "-"]

_BETTER: Final[dict[Better, str]] = {
    "higher": "Higher is better.",
    "lower": "Lower is better.",
    "near 1": "Best near 1.",
    "near 0": "Best near 0.",
    "as learned": "Best as in the learned dance.",
    "as the truth": "Best as in the true clip.",
    "-": "",
}


@dataclass(frozen=True)
class Meaning:
    """A figure in words.

    Attributes:
        name: shown in the report.
        what: one line on what it is and what is good.
        better: which way is better.
        unit: after multiplying by `factor`.
        digits: number of decimals shown.
        factor: multiplies the value, such as 100 for fractions shown in %.
    """

    name: str
    what: str
    better: Better = "-"
    unit: str = ""
    digits: int = 2
    factor: float = 1.0

    @property
    def explanation(self) -> str:
        """Which way is better, and what it is."""
        return " ".join(part for part in (_BETTER[self.better], self.what) if part)


# Of `PictureScores`.  What is good follows from the measurements in docs/fast.md.
PICTURES: Final = {
    "psnr": Meaning(
        "PSNR",
        "Size of the error pixel by pixel. An empty room scores 12 to 15 dB in the person's box, "
        "20 dB is close, 28 dB hard to tell apart; a picture moved by 2 pixels scores 24 dB.",
        "higher", "dB", 1,
    ),
    "ssim": Meaning(
        "SSIM", "Likeness of brightness, contrast and pattern; 1 is equal, 0.8 is good.",
        "higher", "", 3,
    ),
    "lpips": Meaning(
        "LPIPS",
        "Distance by a network trained on people's judgement; 0 is equal, 0.1 is good.",
        "lower", "", 3,
    ),
    "st_lpips": Meaning(
        "ST-LPIPS",
        "Distance by a network that was trained on people's judgement and forgives a shift by a "
        "pixel or two; 0 is equal. What true frames score that were blurred or moved stands below.",
        "lower", "", 3,
    ),
    "psnr_aligned": Meaning(
        "PSNR, aligned",
        "After the picture was moved onto the true one by at most 4 pixels, for what is right but "
        "a little beside its place.",
        "higher", "dB", 1,
    ),
    "ssim_aligned": Meaning("SSIM, aligned", "After the same movement.", "higher", "", 3),
    "sharpness": Meaning(
        "Sharpness",
        "Strength of edges against the true picture's; 0.7 to 1.1 is good, less is blurred, more "
        "is noise.",
        "near 1",
    ),
    "energy": Meaning(
        "Gradient energy", "The same with strong edges counted more; below 1 is softer.", "near 1"
    ),
}  # fmt: skip

# Of `PoseScores`, one column per part of the body.
POSES: Final = {
    "distance_percent": Meaning(
        "Pose distance",
        "Distance of the joints seen in the made clip from the true ones, in % of the standing "
        "height; below 3 % is good.",
        "lower", "%", 2,
    ),
    "distance_px": Meaning("The same in pixels", "In pixels of the frame.", "lower", "px", 1),
    "missed_keypoints": Meaning(
        "Missed keypoints", "Seen in the true clip but not in the made one, per frame.", "lower"
    ),
    "missed": Meaning(
        "Missed detections", "Frames in which the person is not found; 0 is good.", "lower", "%",
        1, 100.0,
    ),
}  # fmt: skip

# Of `FlickerScores`.
STEADINESS: Final = {
    "made": Meaning(
        "Flicker",
        "Change of pixels from frame to frame where the true clip stands still, of 255; good if it "
        "is as low as the true clip's own noise.",
        "as the truth",
    ),
    "real": Meaning("The true clip's own", "Noise of its camera and its codec, of 255."),
    "motion_error": Meaning(
        "Error of the motion",
        "Difference of the changes from frame to frame from the true ones, in the person's box, of "
        "255.",
        "lower",
    ),
}

# Of `MotionScores` and `DanceScores`; `learned_...` is the same of the learned dance.
DANCE: Final = {
    "seconds": Meaning("Length", "Of the measured dance.", "-", "s", 1),
    "speed_ratio": Meaning(
        "Speed", "Relative to the learned dance's; 0.8 to 1.2 is similar.", "near 1"
    ),
    "slowest_ratio": Meaning(
        "Speed of the slowest tenth",
        "Relative to the learned dance's; if it is far below the speed, the dance stalls at times.",
        "near 1",
    ),
    "freeze": Meaning(
        "Longest stand",
        "Time without a movement of a tenth of the usual speed; several seconds mean that the "
        "dance died.",
        "as learned", "s", 1,
    ),
    "skating_ratio": Meaning(
        "Sliding feet", "Speed of feet on the ground against the learned dance's; 1 is alike.",
        "near 1",
    ),
    "contact_ratio": Meaning(
        "Physical foot contact",
        "How much the body accelerates while both feet move (EDGE), relative to the learned "
        "dance's; above 1, more than its feet explain.",
        "lower",
    ),
    "limbs": Meaning(
        "Change of limbs",
        "Largest change of a limb's length from minute to minute, relative to the body's size; a "
        "few % are due to perspective.",
        "as learned", "%", 1, 100.0,
    ),
    "size": Meaning(
        "Change of size",
        "Largest change of the body's size from minute to minute: drift towards or away from the "
        "camera.",
        "as learned", "%", 1, 100.0,
    ),
    "outside": Meaning(
        "Outside",
        "Values outside the learned range (pictures), or frames with a joint outside the picture "
        "(poses); below 1 % is good.",
        "near 0", "%", 2, 100.0,
    ),
    "fid_k": Meaning(
        "FID, kinetic",
        "Distance of the joints' speeds to those of the held-out part, window by window; the "
        "learned dance's own is the best possible.",
        "as learned",
    ),
    "fid_g": Meaning(
        "FID, geometric", "The same for the body's posture: arms up, feet crossed, turned.",
        "as learned",
    ),
    "diversity_k": Meaning(
        "Diversity, kinetic", "How much windows differ from each other; lower is more repetitive.",
        "as learned",
    ),
    "diversity_g": Meaning(
        "Diversity, geometric", "The same for the body's posture.", "as learned"
    ),
    "beat_alignment": Meaning(
        "Beat alignment", "How closely accents fall on the music's beats, 0 to 1.", "higher"
    ),
    "copy_distance": Meaning(
        "Newness",
        "Median distance of a second of it to the nearest learned one; 0 is a copy, 1 as new as "
        "another passage, far above 1 another dance.",
        "near 1",
    ),
    "nearest": Meaning(
        "Newness, least", "The same for the second most like a learned one.", "higher"
    ),
    "grey": Meaning(
        "Grey",
        "Of silhouettes, the share of grey pixels on the figure and around it: soft edges and "
        "ghosts.",
        "as learned", "%", 1, 100.0,
    ),
    "grey_ratio": Meaning(
        "Grey against the learned",
        "Relative to the pictures that were learned; below 1.5 is good.",
        "near 1",
    ),
    "pieces": Meaning(
        "In pieces",
        "Frames in which the silhouette has more than one piece larger than 2 % of it.",
        "as learned", "%", 1, 100.0,
    ),
    "pieces_ratio": Meaning(
        "In pieces against the learned",
        "Relative to the pictures that were learned; up to 1.2 is good.",
        "near 1",
    ),
}  # fmt: skip

# What is measured when a training ends.
TRAINING: Final = {
    "codec_loss": Meaning(
        "Autoencoder's loss", "At its last step, in nats per picture.", "lower",
        "nats a picture", 1,
    ),
    "held_out": Meaning(
        "Held-out loss, pictures",
        "Negative log likelihood of the held-out part of the dance, in nats per latent. Compare it "
        "with other trainings on the same clips; it may be below 0.",
        "lower", "", 1,
    ),
    "held_out_moves": Meaning(
        "Held-out loss, motion",
        "Loss on the held-out part of the dance. Compare it with other trainings on the same "
        "clips.",
        "lower", "", 4,
    ),
    "detector_right": Meaning(
        "Clips told right",
        "Of those that were held out: of people whom it does not know where many rooms were shown.",
        "higher", "%", 1, 100.0,
    ),
    "detector_brier": Meaning(
        "Brier score", "Mean square of the probabilities' errors; 0.25 is guessing.", "lower",
        "", 3,
    ),
    "temperature": Meaning(
        "Temperature", "Found after training, for new dances to move as fast as the learned one. "
        "0.5 to 2 is usual.",
    ),
}  # fmt: skip

# Losses, by name.
LOSSES: Final = {
    "loss": "What is minimised: the weighted sum of the other losses.",
    "l1": "Mean difference of pixels; 0 is equal.",
    "gradient": "Difference of edges.",
    "structure": "1 - SSIM: difference in pattern and contrast.",
    "coverage": "Difference between the painted outline and the person's.",
    "wrong": "Part of the runs that are taken for the other kind.",
    "unreal": "How sure the discriminator is that the picture is painted; it learns too, so it "
    "need not fall.",
    "features": "Difference inside the discriminator.",
    "adversarial": "How sure the discriminator is that the picture is painted; it learns too, so "
    "it need not fall.",
    "feature_matching": "Difference inside the discriminator.",
    "perceptual": "Difference inside VGG-19, close to human perception.",
    "discriminator": "The discriminator's own loss; if it stays near 0 or does not move, it has "
    "won or lost, and little is learned from it.",
    "reconstruction": "Error of the decoded picture, in nats.",
    "divergence": "Information in the latents, in nats; rises while pictures gain detail.",
    "vectors": "Error of the poses.",
    "pace": "Error of their changes.",
    "joints": "Error of the joints' positions and speeds.",
}
