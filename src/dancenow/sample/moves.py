"""The moves that dances consist of, as keyframes on beats.

Every move fills eight beats, starts and ends at home, and writes either legs and trunk or arms and
head, so that any leg move goes with any arm move.  Keys are set only where something happens;
between keys a channel eases from value to value, and holds where two keys are equal: a standing
foot does not slide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from dancenow.sample.stance import NEUTRAL

BEATS: Final = 8
Keys = dict[str, list[tuple[float, float]]]
Shape = Mapping[str, float]


class KeyRecorder:
    """Collects a move's keys: channel -> (beat, value), beats 0..8."""

    def __init__(self) -> None:
        self.keys: Keys = {}
        self._feet = {side: (NEUTRAL[f"{side}_foot_x"], 0.0) for side in ("left", "right")}

    def set(self, beat: float, **values: float) -> None:
        """Key some channels."""
        for name, value in values.items():
            self.keys.setdefault(name, []).append((beat, value))

    def arm(self, side: str, beat: float, shape: Shape) -> None:
        """Key one arm."""
        self.set(beat, **{f"{side}_{name}": value for name, value in shape.items()})

    def arms(self, beat: float, shape: Shape) -> None:
        """Key both arms alike."""
        self.arm("left", beat, shape)
        self.arm("right", beat, shape)

    def bounce(self, depth: float, *, up: float = 0.012, first: int = 0, last: int = BEATS) -> None:
        """Sink on every beat, quicker down than up."""
        for beat in range(first, last):
            self.set(beat, drop=depth)
            self.set(beat + 0.55, drop=up)

    def step(
        self,
        side: str,
        beat: float,
        x: float,
        z: float = 0.0,
        *,
        lift: float = 0.09,
        load: float = 0.75,
        take: float = 0.55,
        toe_out: float = 0.22,
    ) -> None:
        """Set a foot down at (x, z) on `beat`; the weight leaves it first, then shifts onto it.

        `load` is how much of the weight the foot takes, 0..1; a touch takes little.
        """
        sign = 1.0 if side == "left" else -1.0
        start = beat - take
        old = self._feet[side]
        for channel, before, after in zip(("foot_x", "foot_z"), old, (x, z), strict=True):
            self.set(start + 0.08, **{f"{side}_{channel}": before})
            self.set(beat - 0.04, **{f"{side}_{channel}": after})
        self.set(start, **{f"{side}_foot_y": 0.0, f"{side}_heel": 0.0})
        self.set(start + 0.14, **{f"{side}_heel": 0.5})
        self.set(start + 0.5 * take, **{f"{side}_foot_y": lift})
        self.set(beat, **{f"{side}_foot_y": 0.0, f"{side}_toe_out": toe_out})
        self.set(beat + 0.04, **{f"{side}_heel": 0.0 if load > 0.3 else 0.35})
        if load <= 0.3:
            self.set(beat + 0.3, **{f"{side}_heel": 0.35})
        self.set(start + 0.05, weight=-0.8 * sign)
        self.set(beat + 0.2, weight=(2 * load - 1) * sign if load > 0.3 else -0.7 * sign)
        self._feet[side] = (x, z)


def hand(
    out: float,
    up: float,
    front: float,
    reach: float,
    palm: tuple[float, float, float] = (-0.3, 0.0, 1.0),
    **more: float,
) -> Shape:
    """An arm's shape: the hand towards (out, up, front), at `reach` of the arm's length."""
    return {
        "out": out, "up": up, "front": front, "reach": reach,
        "palm_out": palm[0], "palm_up": palm[1], "palm_front": palm[2],
        "elbow": 0.25, "flex": 0.0, "curl": 0.12, "point": 0.0,
        **more,
    }  # fmt: skip


RELAXED: Final[Shape] = {
    name.removeprefix("left_"): value
    for name, value in NEUTRAL.items()
    if name.startswith("left_") and "foot" not in name
    and name.removeprefix("left_") not in ("toe_out", "heel")
}  # fmt: skip
GROOVE: Final = hand(0.62, -0.50, 0.50, 0.74, (-0.4, -0.2, -1.0), elbow=0.45, curl=0.3)
WIDE: Final = hand(1.0, 0.02, 0.14, 0.93, (0.0, -0.25, 1.0))
HIGH: Final = hand(0.52, 1.0, 0.12, 0.93, (-0.2, 0.0, 1.0), curl=0.06)
CHEST: Final = hand(0.30, -0.28, 0.62, 0.52, (-0.4, 0.2, -1.0), elbow=0.8, curl=0.2)
ACROSS: Final = hand(-0.30, -0.35, 0.75, 0.70, (-0.5, 0.0, -1.0), elbow=0.6)
APART: Final = hand(0.48, -0.34, 0.62, 0.72, (-1.0, 0.0, 0.3), elbow=0.3, curl=0.08)
TOGETHER: Final = hand(-0.26, -0.50, 0.62, 0.64, (-1.0, 0.1, 0.12), elbow=0.3, curl=0.06)
SKY: Final = hand(0.62, 0.92, 0.10, 0.98, (-0.2, -0.1, 1.0), point=1.0)
WAIST: Final = hand(0.40, -0.62, 0.22, 0.60, (-0.6, -0.5, -0.6), elbow=0.95, curl=0.35)


# Steps: legs and trunk ------------------------------------------------------------------------


def step_touch(s: KeyRecorder) -> None:
    """Step aside, bring the other foot to touch; and back."""
    s.bounce(0.045)
    for bar in (0, 4):
        s.step("left", bar + 1, 0.36)
        s.step("right", bar + 2, 0.17, load=0.15)
        s.set(bar + 1.4, chest_yaw=0.10, hip_roll=0.03)
        s.set(bar + 2, chest_roll=-0.05)
        if bar == 0:
            s.step("right", 3, -0.16)
            s.step("left", 3.9, 0.04, load=0.15)
        else:  # the last step goes home
            s.step("right", 6.9, -0.115)
            s.step("left", 7.7, 0.115, load=0.5)
        s.set(bar + 3.3, chest_yaw=-0.12, hip_roll=-0.03)
        s.set(bar + 3.9, chest_roll=0.05)
    s.set(7.6, weight=0.0, chest_yaw=0.0, chest_roll=0.0)


def sway(s: KeyRecorder) -> None:
    """Stay in place and sway the hips from side to side, lifting the free heel."""
    s.bounce(0.035, up=0.02)
    for beat in range(7):
        sign = 1.0 if beat % 2 == 0 else -1.0
        free, standing = ("right", "left") if sign > 0 else ("left", "right")
        s.set(beat + 0.15, weight=0.85 * sign, hip_roll=0.10 * sign, chest_roll=-0.08 * sign)
        s.set(beat + 0.15, hip_yaw=-0.16 * sign, chest_yaw=0.10 * sign)
        s.set(beat + 0.1, **{f"{free}_heel": 0.42, f"{standing}_heel": 0.0})
        s.set(beat + 0.3, **{f"{free}_heel": 0.42, f"{standing}_heel": 0.0})
    s.set(7.6, weight=0.0, hip_roll=0.0, chest_roll=0.0, hip_yaw=0.0, chest_yaw=0.0)
    s.set(7.6, left_heel=0.0, right_heel=0.0)


def squat(s: KeyRecorder) -> None:
    """Feet apart, twice down low and up with a slight overshoot, feet together."""
    s.set(0, drop=0.03)
    s.step("left", 0.9, 0.24, toe_out=0.5)
    s.step("right", 1.8, -0.24, toe_out=0.5)
    s.set(2.0, weight=0.0, drop=0.03)
    for low in (3.0, 5.0):
        s.set(low - 0.75, drop=0.005, hip_pitch=0.0, head_pitch=0.0)  # rises a little first
        s.set(low, drop=0.25, hip_pitch=0.30, head_pitch=-0.16, lean=-0.05)
        s.set(low + 0.25, drop=0.26, hip_pitch=0.32, weight=0.12 if low < 4 else -0.12)
        s.set(low + 0.95, drop=0.0, hip_pitch=-0.02, lean=0.0)
    s.set(6.0, weight=0.0)
    s.step("right", 6.7, -0.115)
    s.step("left", 7.5, 0.115)
    s.set(6.6, drop=0.04, hip_pitch=0.0, head_pitch=0.0)
    s.set(7.8, drop=0.03, weight=0.1)


def turn(s: KeyRecorder) -> None:
    """A whole turn to the left in four beats, a look, and the way back."""
    full = 6.283185307179586
    s.set(0, yaw=0.0, chest_yaw=0.0)
    s.set(0.5, yaw=-0.10, chest_yaw=-0.30)  # winds up against the turn
    s.set(3.6, yaw=full, chest_yaw=0.10)
    s.set(4.4, yaw=full, chest_yaw=0.05)
    s.set(4.8, yaw=full + 0.10, chest_yaw=0.25)
    s.set(7.4, yaw=0.0, chest_yaw=-0.05)
    s.set(7.8, yaw=0.0, chest_yaw=0.0)
    s.bounce(0.045, up=0.025)
    # The feet step around home in turn; a planted foot pivots on its ball.
    for side, beat, x, z in (
        ("right", 1.2, 0.10, 0.09), ("left", 2.0, -0.115, -0.02), ("right", 2.9, -0.115, 0.09),
        ("left", 3.7, 0.115, 0.0), ("left", 5.1, -0.08, 0.09), ("right", 5.8, 0.10, -0.02),
        ("left", 6.6, 0.115, 0.0), ("right", 7.4, -0.115, 0.0),
    ):  # fmt: skip
        s.step(side, beat, x, z, lift=0.05, take=0.45)


def walk(s: KeyRecorder) -> None:
    """Four steps away from the camera and four back, eyes on the audience."""
    s.bounce(0.03, up=0.008)
    side = "left"
    for beat, z in ((1, -0.30), (2, -0.62), (3, -0.94), (4, -0.94), (5, -0.62), (6, -0.30), (7, 0)):
        sign = 1.0 if side == "left" else -1.0
        s.step(side, beat, (0.085 if z else 0.115) * sign, z, lift=0.10, take=0.62)
        s.set(beat + 0.1, hip_yaw=-0.13 * sign, chest_yaw=0.12 * sign, hip_roll=0.02 * sign)
        side = "right" if side == "left" else "left"
    s.step(side, 7.8, -0.115, 0.0, take=0.6, lift=0.07)
    s.set(1.5, lean=-0.02, hip_pitch=-0.03)
    s.set(4.4, lean=0.0, hip_pitch=0.02)
    s.set(6.0, lean=0.02, hip_pitch=0.05)
    s.set(7.8, lean=0.0, hip_pitch=0.0, hip_yaw=0.0, chest_yaw=0.0, hip_roll=0.0)


def cross_step(s: KeyRecorder) -> None:
    """Behind and out, like half a grapevine, to the left and back with a heel in front."""
    s.bounce(0.04)
    s.step("left", 0.9, 0.22)
    s.step("right", 1.8, 0.29, -0.15)
    s.set(1.9, hip_yaw=0.22, chest_yaw=-0.12)
    s.step("left", 2.7, 0.35, 0.0)
    s.step("right", 3.5, 0.18, 0.16, load=0.15)
    s.set(2.8, hip_yaw=0.0, chest_yaw=0.10)
    s.set(3.6, hip_yaw=-0.12, chest_roll=0.10, hip_pitch=-0.04)
    s.step("right", 4.7, 0.0)
    s.step("left", 5.6, -0.04, -0.14)
    s.set(5.7, hip_yaw=-0.22, chest_yaw=0.12, chest_roll=0.0, hip_pitch=0.0)
    s.step("right", 6.5, -0.115, 0.0)
    s.step("left", 7.4, 0.115, 0.0)
    s.set(7.5, hip_yaw=0.0, chest_yaw=0.0, chest_roll=0.0)


# Arms and head --------------------------------------------------------------------------------


def swing(s: KeyRecorder) -> None:
    """Loose arms that swing across the body against the hips."""
    open_arm = hand(0.80, -0.72, 0.22, 0.92, (-0.2, -0.5, -0.9), curl=0.2)
    for beat in range(8):
        near, far = ("left", "right") if beat % 2 == 0 else ("right", "left")
        s.arm(near, beat + 0.1, {**ACROSS, "out": -0.02, "up": -0.62, "reach": 0.76})
        s.arm(far, beat + 0.1, open_arm)
        s.set(beat + 0.1, head_yaw=0.14 if beat % 2 else -0.14, head_pitch=0.05)
        s.set(beat + 0.55, head_pitch=-0.04)


def arm_wave(s: KeyRecorder) -> None:
    """A wave runs from the left hand through both shoulders to the right hand, and back."""
    s.arms(0.2, GROOVE)
    s.arms(1.0, WIDE)
    for start, order in ((1.2, ("left", "right")), (4.2, ("right", "left"))):
        first, second = order
        for side, begin, inward in ((first, start, True), (second, start + 1.2, False)):
            lags = (0.0, 0.3, 0.6) if inward else (0.6, 0.3, 0.0)
            for lag, name, crest in zip(
                lags, ("flex", "up", "shrug"), (-0.75, 0.42, 0.3), strict=True
            ):
                rest = WIDE.get(name, 0.0)
                at = begin + lag
                s.set(at, **{f"{side}_{name}": rest})
                s.set(at + 0.45, **{f"{side}_{name}": crest})
                if name != "shrug":
                    s.set(at + 0.95, **{f"{side}_{name}": -0.45 * crest + rest})
                s.set(at + 1.4, **{f"{side}_{name}": rest})
            s.set(begin + 0.2, **{f"{side}_elbow": 0.25})
            s.set(begin + 0.8, **{f"{side}_elbow": 0.9, f"{side}_reach": 0.84})
            s.set(begin + 1.5, **{f"{side}_elbow": 0.25, f"{side}_reach": 0.93})
        sign = 1.0 if first == "left" else -1.0
        s.set(start, head_yaw=0.22 * sign)
        s.set(start + 2.2, head_yaw=-0.22 * sign)
    s.arms(7.6, GROOVE)
    s.set(7.6, head_yaw=0.0)


def clap(s: KeyRecorder) -> None:
    """Claps on every second beat, opening wide between, the last two above the head."""
    above = hand(-0.02, 1.0, 0.42, 0.86, (-1.0, 0.0, 0.35), elbow=0.3, curl=0.06)
    for beat in (1.0, 3.0):
        s.arms(beat - 0.5, APART)
        s.arms(beat, TOGETHER)
        s.arms(beat + 0.12, TOGETHER)
        s.arms(beat + 0.7, GROOVE)
        s.set(beat, head_pitch=0.06)
        s.set(beat + 0.7, head_pitch=-0.03)
    s.arms(4.2, WIDE)
    for beat in (5.0, 6.0):
        s.arms(beat, above)
        s.arms(beat + 0.12, above)
        s.arms(beat + 0.5, {**HIGH, "reach": 0.86})
    s.set(5.0, head_pitch=-0.10)
    s.set(6.2, head_pitch=-0.10, mouth=0.6)
    s.arms(7.2, {**WIDE, "up": -0.25})
    s.set(7.4, head_pitch=0.0, mouth=0.15)


def point(s: KeyRecorder) -> None:
    """One hand on the waist, the other to the sky, down across, and up again; then swap."""
    low = hand(-0.20, -0.75, 0.60, 0.84, (-0.3, 0.2, -1.0), point=1.0)
    middle = hand(0.35, 0.05, 1.0, 0.76, (-0.8, -0.3, 0.1), elbow=0.3, point=1.0)
    for bar, up, on in ((0, "left", "right"), (4, "right", "left")):
        sign = 1.0 if up == "left" else -1.0
        s.arm(on, bar + 0.6, WAIST)
        s.arm(on, bar + 3.2, WAIST)
        s.arm(up, bar + 0.15, low)
        s.arm(up, bar + 0.6, middle)
        s.arm(up, bar + 1.1, SKY)
        s.arm(up, bar + 1.3, {**SKY, "reach": 0.95})
        s.arm(up, bar + 1.7, middle)
        s.arm(up, bar + 2.1, low)
        s.arm(up, bar + 2.25, low)
        s.arm(up, bar + 2.65, middle)
        s.arm(up, bar + 3.1, SKY)
        s.arm(up, bar + 3.2, {**SKY, "reach": 0.95})
        s.arm(up, bar + 3.65, middle)
        for beat, look in ((0.4, -0.12), (1.1, 0.26), (2.1, -0.14), (3.1, 0.26)):
            s.set(bar + beat, head_yaw=look * sign, head_roll=-0.35 * look * sign)
            s.set(bar + beat, head_pitch=0.08 if look < 0 else -0.10)


def raise_arms(s: KeyRecorder) -> None:
    """Both arms float up from below through the side, hands open; roll down in front."""
    for bar in (0, 4):
        s.arms(bar + 0.2, {**RELAXED, "flex": 0.5})
        s.arms(bar + 1.1, {**WIDE, "flex": 0.35, "palm_up": -0.6})
        s.arms(bar + 1.9, {**HIGH, "flex": -0.25})
        s.arms(bar + 2.3, {**HIGH, "flex": 0.0})
        s.arms(bar + 3.0, {**CHEST, "up": 0.25})
        s.arms(bar + 3.5, {**GROOVE, "flex": -0.2})
        s.set(bar + 0.3, head_pitch=0.10)
        s.set(bar + 2.0, head_pitch=-0.14, mouth=0.5)
        s.set(bar + 3.2, head_pitch=0.02, mouth=0.15)


def pump(s: KeyRecorder) -> None:
    """Elbows up and out, forearms punching down and up on the beat, in turn."""
    up_fist = hand(0.70, 0.55, 0.45, 0.62, (-0.3, 0.0, 1.0), elbow=0.6, curl=0.2)
    down = hand(0.78, -0.42, 0.40, 0.66, (-0.2, 0.0, -1.0), elbow=0.9, curl=0.2)
    s.arms(0.0, GROOVE)
    for beat in range(1, 7):
        a, b = ("left", "right") if beat % 2 else ("right", "left")
        s.arm(a, beat, up_fist)
        s.arm(a, beat + 0.2, up_fist)
        s.arm(b, beat, down)
        s.arm(b, beat + 0.2, down)
        s.set(beat, head_roll=0.09 if beat % 2 else -0.09, head_pitch=0.07)
        s.set(beat + 0.5, head_pitch=-0.03)
    s.arms(7.4, GROOVE)
    s.set(7.5, head_roll=0.0, head_pitch=0.0)


Move = Callable[[KeyRecorder], None]
STEPS: Final[Mapping[str, Move]] = {
    "step_touch": step_touch, "sway": sway, "squat": squat, "turn": turn, "walk": walk,
    "cross_step": cross_step,
}  # fmt: skip
ARMS: Final[Mapping[str, Move]] = {
    "swing": swing, "arm_wave": arm_wave, "clap": clap, "point": point, "raise_arms": raise_arms,
    "pump": pump,
}  # fmt: skip
