"""The part of the table of commands that measures results, and tells what was made."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from dancenow import options
from dancenow.cli.building import Argument, Command

JUDGING: Final = (
    Command(
        "verify",
        "Show what a file's Content Credentials say, and whether they are valid.\n\n"
        "Exit status: 0 if they are intact; 1 if there are none, or if they are not valid, for "
        "example because the file was changed after signing; 2 if there is no such media "
        "file.",
        "dancenow.workflows.verify:verify",
        (
            Argument("file", "A video, sound or picture, whatever made it, or a folder."),
            Argument(
                "detector",
                "A detector's folder; then what it sees in the clip is told, too.",
                optional=True,
                flags=("--with",),
            ),
        ),
    ),
    Command(
        "detect",
        "Say whether a performer made what a clip shows, as far as a detector sees it.\n\n"
        "It knows the people and performers that it learned from; others it judges far less well, "
        "and what other programs make not at all.",
        "dancenow.workflows.judge:judge",
        (
            Argument("clip", "The clip."),
            Argument("detector", "The detector's folder.", flags=("--with",)),
        ),
        options.JudgeOptions,
    ),
)

EVALUATIONS: Final = (
    Command(
        "evaluate clip",
        "Compare a clip with the true one: PSNR, SSIM, pose distance.",
        "dancenow.workflows.evaluate_clip:evaluate_clip",
        (
            Argument("made", "The clip to judge."),
            Argument("truth", "What it should look like."),
        ),
        options.EvaluateClipOptions,
    ),
    Command(
        "evaluate performer",
        "Measure a performer on held-out frames: SSIM, LPIPS, pose distance, sharpness, flicker.",
        "dancenow.workflows.evaluate_performer:evaluate_performer",
        (
            Argument("performer", "Folder of a trained performer."),
            Argument("clip", "The clip that was learned, or another of the same person."),
        ),
        options.EvaluatePerformerOptions,
    ),
    Command(
        "evaluate dance",
        "Measure a choreographer's dances: speed, stalls, range, and how new they are.",
        "dancenow.workflows.evaluate_dance:evaluate_dance",
        (Argument("choreographer", "Folder of a trained choreographer."),),
        options.EvaluateDanceOptions,
    ),
    Command(
        "evaluate benchmark",
        "Measure by a frozen protocol, for results that compare; a stopped one goes on.",
        "dancenow.workflows.evaluate_benchmark:evaluate_benchmark",
        (
            Argument(
                "clips",
                "Clips of people; for a dance also tracks and captures; or the folders of the "
                "TikTok dataset or AIST++.",
                kind=list[Path],
            ),
            Argument("report", "The report's folder, with results.json to send.", output=True),
        ),
        options.EvaluateBenchmarkOptions,
    ),
    Command(
        "evaluate ablation",
        "Measure the effect of temporal smoothing and the face GAN on a sample performer.",
        "dancenow.workflows.ablation:run_ablation",
        (Argument("output", "The report's folder.", output=True),),
        options.AblationOptions,
    ),
)
