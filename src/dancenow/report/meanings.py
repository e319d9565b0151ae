"""What every figure of a report is, which way is better, and what is good."""

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
        name: what it is called.
        what: one line on what it is and what is good.
        better: which way is better.
        unit: what it is counted in, after `factor`.
        digits: decimals that are shown.
        factor: what the value is multiplied by: 100 for parts that are shown in %.
    """

    name: str
    what: str
    better: Better = "-"
    unit: str = ""
    digits: int = 2
    factor: float = 1.0

    @property
    def told(self) -> str:
        """Which way is better, and what it is."""
        return " ".join(part for part in (_BETTER[self.better], self.what) if part)


# Of `PictureScores`.  What is good is told from the measurements of docs/fast.md.
PICTURES: Final = {
    "psnr": Meaning(
        "PSNR",
        "Size of the error px by px. An empty room scores 12 to 15 dB in the person's box, 20 dB "
        "is near, 28 dB hard to tell apart; moved by 2 px, a picture scores 24 dB against itself.",
        "higher", "dB", 1,
    ),
    "ssim": Meaning(
        "SSIM", "Likeness of brightness, contrast and pattern; 1 is equal, 0.8 is good.",
        "higher", "", 3,
    ),
    "lpips": Meaning(
        "LPIPS",
        "Distance as a network judges it that was taught by people; 0 is equal, 0.1 is good.",
        "lower", "", 3,
    ),
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

# Of `PoseScores`, a part of the body a column.
POSES: Final = {
    "distance_percent": Meaning(
        "Pose distance",
        "How far the joints seen in the made clip lie from the true ones, of the standing height; "
        "below 3 % is good.",
        "lower", "%", 2,
    ),
    "distance_px": Meaning("The same in px", "In px of the frame.", "lower", "px", 1),
    "missed_keypoints": Meaning(
        "Missed keypoints", "Seen in the true clip and not in the made one, a frame.", "lower"
    ),
    "missed": Meaning(
        "Missed detections", "Frames in which nobody is found any more; 0 is good.", "lower", "%",
        1, 100.0,
    ),
}  # fmt: skip

# Of `FlickerScores`.
STEADINESS: Final = {
    "made": Meaning(
        "Flicker",
        "Change of px from frame to frame where the true clip stands still, of 255; as little as "
        "the true clip's own noise is good.",
        "as the truth",
    ),
    "real": Meaning("The true clip's own", "Noise of its camera and of its coding, of 255."),
    "motion_error": Meaning(
        "Error of the motion",
        "How far changes from frame to frame inside the person's box are from the true ones, of "
        "255.",
        "lower",
    ),
}

# Of `MotionScores` and `DanceScores`; `learned_...` is the same of the dance that was learned.
DANCE: Final = {
    "seconds": Meaning("Length", "Of the dance that was measured.", "-", "s", 1),
    "speed_ratio": Meaning(
        "Speed", "Against the learned dance's; 0.8 to 1.2 is alike.", "near 1"
    ),
    "slowest_ratio": Meaning(
        "Speed of the slowest tenth",
        "Likewise; where it is far below the speed, the dance stalls on the way.",
        "near 1",
    ),
    "freeze": Meaning(
        "Longest stand",
        "Time without a movement of a tenth of the usual speed; seconds of it are a dance that "
        "died.",
        "as learned", "s", 1,
    ),
    "skating_ratio": Meaning(
        "Sliding feet", "Speed of feet on the ground against the learned dance's; 1 is alike.",
        "near 1",
    ),
    "limbs": Meaning(
        "Change of limbs",
        "By how much the length of a limb differs from minute to minute, at most, the size left "
        "out; a few % are the view.",
        "as learned", "%", 1, 100.0,
    ),
    "size": Meaning(
        "Change of size",
        "By how much the body's size differs from minute to minute, at most: whether it wanders "
        "towards the camera or away.",
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
        "Distance of how fast the joints move to what was held out, window by window; the learned "
        "dance's own is what can be reached.",
        "as learned",
    ),
    "fid_g": Meaning(
        "FID, geometric", "The same of how the body is placed: arms up, feet crossed, turned.",
        "as learned",
    ),
    "diversity_k": Meaning(
        "Diversity, kinetic", "How much windows differ from each other; less repeats itself.",
        "as learned",
    ),
    "diversity_g": Meaning(
        "Diversity, geometric", "The same of how the body is placed.", "as learned"
    ),
    "copy_distance": Meaning(
        "Newness",
        "Distance of a second of it to the nearest learned one, in the median; 0 is a copy, 1 as "
        "new as another passage, far above 1 another dance.",
        "near 1",
    ),
    "nearest": Meaning(
        "Newness, least", "The same of the second that is most like a learned one.", "higher"
    ),
}  # fmt: skip

# What is measured when a training ends.
TRAINING: Final = {
    "codec_loss": Meaning(
        "Autoencoder's loss", "Of its last step: nats that a picture costs.", "lower",
        "nats a picture", 1,
    ),
    "held_out": Meaning(
        "Held-out loss, pictures",
        "Negative log likelihood of the part of the dance that was not learned, in nats a latent. "
        "Compare it with other trainings on the same clips; it may be below 0.",
        "lower", "", 1,
    ),
    "held_out_moves": Meaning(
        "Held-out loss, motion",
        "Loss on the part of the dance that was not learned. Compare it with other trainings on "
        "the same clips.",
        "lower", "", 4,
    ),
    "temperature": Meaning(
        "Temperature", "Found after training: how wild new dances are, so that they move as fast "
        "as the learned one. 0.5 to 2 is usual.",
    ),
}  # fmt: skip

# Losses, by the names that the trainings give them.
LOSSES: Final = {
    "loss": "What is minimised: the weighted sum of its parts.",
    "l1": "Mean difference of px; 0 is equal.",
    "gradient": "Difference of edges.",
    "structure": "1 - SSIM: what is unlike in pattern and contrast.",
    "coverage": "Difference of the painted outline to the person's.",
    "unreal": "How sure the discriminator is that the picture is painted; it learns too, so it "
    "need not fall.",
    "features": "Difference inside the discriminator.",
    "adversarial": "How sure the discriminator is that the picture is painted; it learns too, so "
    "it need not fall.",
    "feature_matching": "Difference inside the discriminator.",
    "perceptual": "Difference inside VGG-19, near to how people see.",
    "discriminator": "The discriminator's own loss; near 0 or unmoving for long it has won or "
    "lost, and little is learned from it.",
    "reconstruction": "Nats that the decoded picture misses.",
    "divergence": "Nats that the latents say; rises while pictures gain detail.",
    "vectors": "What is missed of the poses.",
    "pace": "What is missed of their changes.",
    "joints": "What is missed of the joints' places and speeds.",
}
