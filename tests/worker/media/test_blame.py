"""A failed encode is the fault of the clip, the disk, ffmpeg or the artwork. Only a fault of the clip fails a video."""

import errno
import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from showcase.errors import UnacceptableClip, Unavailable
from tests.clips import Clips
from tests.worker.media.programs import program
from worker.errors import EncodeFailed
from worker.media.blame import clip_fault, raise_disk_fault
from worker.media.transcode import Transcoder
from worker.workspace import Workspace

INVALID = "Invalid data found when processing input"
PNG_FAULT = f"[vist#1:0/png @ 0x1] [dec:png @ 0x2] Error submitting packet to decoder: {INVALID}"
UNREADABLE = Path("/proc/self/mem")  # its first byte cannot be read: EIO
LATE = 'case "$*" in *null*|*-version*) exec {ffmpeg} "$@";; esac; '  # checks run ffmpeg, encodes do not


@pytest.mark.parametrize(
    ("exit_code", "stderr", "code"),
    [
        (183, f"[mov] moov: {INVALID}", "damaged"),
        (69, "Error while decoding stream #0:0", "damaged"),
        (183, f"[vist#0:1/hevc @ 0x1] {INVALID}", "damaged"),
        (234, "[h264] Picture size 8192x8192 exceeds specified max pixel count 9437184", "resolution_too_high"),
        (234, "[fc#0] Stream specifier ':V:0' in filtergraph description … matches no streams.", "no_video"),
        (234, "[graph 0 input from stream 0:0] Invalid color space", "codec_unsupported"),
        (244, "[in#0] Error opening input: Cannot allocate memory", "damaged"),  # the demuxer's own limits
        (183, f"[png @ 0x1] Codec (png) not on whitelist\n[in#0] {INVALID}", "damaged"),
        (255, "", None),  # SIGTERM
        (-9, INVALID, None),  # killed by the worker, by the kernel or by a limit
        (1, "watermark.png: No such file or directory", None),
        (127, "prlimit: failed to execute ffmpeg", None),
        (187, "x264 [error]: malloc of size 3000000 failed: Cannot allocate memory", None),
        (69, "Error submitting packet to decoder: Cannot allocate memory", None),  # the machine may have no memory left
        (183, PNG_FAULT, None),
        (183, f"{PNG_FAULT}\n[in#0] {INVALID}", None),
        (183, f"[fc#0] Cannot determine format of input 1:0 after EOF\n[fc#0] {INVALID}", None),
        (1, f"Error while decoding stream #1:0: {INVALID}", None),  # ffmpeg 6
        (183, f"[in#1/png_pipe @ 0x1] Error opening input: {INVALID}", None),
        (1, f"/work/job-x/watermark.png: {INVALID}", None),
        (183, f"[png @ 0x1] Picture size 9000x9000 exceeds specified max pixel count 921600\n{PNG_FAULT}", None),
    ],
)  # fmt: skip
def test_only_a_failure_to_decode_the_clip_is_the_fault_of_the_clip(
    exit_code: int, stderr: str, code: str | None
) -> None:
    refusal = clip_fault(EncodeFailed(exit_code, stderr))
    assert (refusal.code if refusal else None) == code


@pytest.mark.parametrize(
    ("exit_code", "stderr", "fault"),
    [
        (228, "", errno.ENOSPC),
        (1, "av_interleaved_write_frame(): No space left on device", errno.ENOSPC),  # ffmpeg 6
        (-6, "[out#0/mp4] Error writing trailer: No space left on device", errno.ENOSPC),
        (134, "", errno.EDQUOT),
        (226, "Error opening output files: Read-only file system", errno.EROFS),
        (251, "", errno.EIO),
        (1, "[out#0/mp4] Error closing file: Input/output error", errno.EIO),
        (254, "[in#0] Error opening input: No such file or directory", errno.ENOENT),
        (243, "", errno.EACCES),
        (183, "[in#0] Invalid data found when processing input", None),
        (127, "prlimit: failed to execute ffmpeg: No such file or directory", None),
        (-9, "", None),
    ],
)
def test_a_disk_that_is_full_gone_read_only_or_broken_is_recognised(
    exit_code: int, stderr: str, fault: int | None, tmp_path: Path
) -> None:
    error = EncodeFailed(exit_code, stderr)
    if fault is None:
        raise_disk_fault(error, clip=tmp_path / "clip.mp4")
        return
    with pytest.raises(Unavailable) as caught:
        raise_disk_fault(error, clip=tmp_path / "clip.mp4")
    assert (caught.value.dependency, os.strerror(fault) in str(caught.value)) == ("disk", True)


def test_an_io_error_about_the_clip_counts_only_if_the_clip_cannot_be_read(tmp_path: Path) -> None:
    """Otherwise a bad clip could stop the worker again and again."""
    error = EncodeFailed(251, "[in#0/mov @ 0x1] Error during demuxing: Input/output error")
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"clip")
    raise_disk_fault(error, clip=clip)
    for fault in ({"clip": UNREADABLE}, {}):  # without a clip, no file is the owner's
        with pytest.raises(Unavailable, match="Input/output error"):
            raise_disk_fault(error, **fault)


Encode = Callable[..., Path | None]


@pytest.fixture
def encode(clips: Clips, hurried: Transcoder, tmp_path: Path) -> Encode:
    """Work on a good clip as a job does. ``prepare`` gets the folder of the job; ``script`` replaces ffmpeg."""

    def run(
        prepare: Callable[[Path], object] = lambda _folder: None,
        script: str = "",
        on_percent: Callable[[int], None] = lambda _percent: None,
    ) -> Path | None:
        used = hurried
        if script:
            path = program(tmp_path / "ffmpeg", script.replace("{ffmpeg}", hurried.encoder.path))
            used = replace(hurried, encoder=replace(hurried.encoder, path=str(path)))
        workspace = Workspace(tmp_path / "work")
        try:
            with workspace.job_folder() as folder:
                original = clips.copy(clips.plain(), folder / "original.mp4")
                prepare(folder)
                return used.transcode(original, folder, threading.Event(), on_percent)
        finally:
            workspace.close()

    return run


@pytest.mark.parametrize("file", ["body.mp4", "processed.mp4"])
def test_a_disk_that_is_full_in_the_encode_or_in_the_join_is_an_outage(encode: Encode, file: str) -> None:
    with pytest.raises(Unavailable, match=r"disk: .*No space left on device"):
        encode(lambda folder: (folder / file).symlink_to("/dev/full"))


@pytest.mark.parametrize("file", ["watermark.png", "opening.mp4", "parts.ffconcat"])
def test_a_disk_that_is_full_when_our_own_files_are_written_is_an_outage(encode: Encode, file: str) -> None:
    with pytest.raises(Unavailable, match=r"disk: .*No space left on device"):
        encode(lambda folder: (folder / file).symlink_to("/dev/full"))


@pytest.mark.parametrize("exit_code", [228, 226, 251, 254])
@pytest.mark.parametrize("step", ["libx264", "concat"])
def test_every_fault_of_the_disk_is_an_outage_in_every_step(encode: Encode, step: str, exit_code: int) -> None:
    script = f'case "$*" in *{step}*) exit {exit_code};; esac; exec {{ffmpeg}} "$@"'
    with pytest.raises(Unavailable, match="disk"):
        encode(script=script)


def test_a_folder_that_is_removed_in_the_middle_of_the_job_is_an_outage(encode: Encode, tmp_path: Path) -> None:
    def remove(_percent: int) -> None:
        shutil.rmtree(tmp_path / "work", ignore_errors=True)

    with pytest.raises(Unavailable, match=r"disk: .*No such file or directory"):
        encode(on_percent=remove)


@pytest.mark.parametrize("spoil", ["head -c 300 watermark.png >x; mv x watermark.png", ": >watermark.png"])
def test_a_copy_of_the_watermark_that_spoils_is_the_fault_of_the_disk(encode: Encode, spoil: str) -> None:
    with pytest.raises(Unavailable, match=r"disk: keep watermark\.png"):
        encode(script=f'{LATE}{spoil}; exec {{ffmpeg}} "$@"')


def test_a_copy_of_a_bumper_that_spoils_is_the_fault_of_the_disk(encode: Encode) -> None:
    spoil = 'case "$*" in *concat*) head -c 9000 opening.mp4 >x; mv x opening.mp4;; esac'
    with pytest.raises(Unavailable, match=r"disk: keep opening\.mp4"):
        encode(script=f'{spoil}; exec {{ffmpeg}} "$@"')


def test_an_ffmpeg_that_no_longer_decodes_the_watermark_is_at_fault_itself(encode: Encode) -> None:
    with pytest.raises(Unavailable, match="encoder: decode the watermark"):
        encode(script=f"echo '{PNG_FAULT}' >&2; exit 183")


def test_a_complaint_about_a_good_watermark_fails_neither_the_clip_nor_the_encoder(encode: Encode) -> None:
    with pytest.raises(EncodeFailed) as caught:
        encode(script=f"{LATE}echo '{PNG_FAULT}' >&2; exit 183")
    assert caught.value.exit_code == 183, "it costs one attempt, and another worker may succeed"


def test_a_bad_clip_is_still_refused(encode: Encode) -> None:
    with pytest.raises(UnacceptableClip):
        encode(script=f"{LATE}echo '[in#0] Invalid data found when processing input' >&2; exit 183")


def test_an_ffmpeg_that_vanishes_is_an_outage_until_it_is_back(
    encode: Encode, hurried: Transcoder, tmp_path: Path
) -> None:
    link = tmp_path / "link"
    link.symlink_to(hurried.encoder.path)
    used = replace(hurried, encoder=replace(hurried.encoder, path=str(link)))
    used.ping()
    link.unlink()
    with pytest.raises(Unavailable, match="encoder"):
        used.ping()
    with pytest.raises(Unavailable, match="encoder"):
        encode(script=f'exec {link} "$@"')
    link.symlink_to(hurried.encoder.path)
    used.ping()


def test_an_ffmpeg_that_was_replaced_by_another_version_is_an_outage_until_the_next_start(encode: Encode) -> None:
    """Its bodies may not fit the bumpers of the start. Here it cannot even make one."""
    other = """case "$*" in *-version*) echo 'ffmpeg version 99.1 Copyright';; *) exit 1;; esac"""
    with pytest.raises(Unavailable, match=r"encoder: .*it is now 99\.1: restart this worker"):
        encode(script=other)


def test_a_result_that_is_wrong_because_of_our_own_files_is_not_the_fault_of_the_clip(encode: Encode) -> None:
    shorter = 'case "$*" in *concat*) cp closing.mp4 body.mp4; cp closing.mp4 opening.mp4; : >closing.mp4;; esac'
    with pytest.raises(Unavailable, match="disk: keep"):
        encode(script=f'{shorter}; exec {{ffmpeg}} "$@"')


def test_an_ffmpeg_that_cannot_be_started_is_an_outage(hurried: Transcoder, clips: Clips, tmp_path: Path) -> None:
    confinement = replace(hurried.confinement, unshare=str(tmp_path / "none"))
    source = clips.copy(clips.plain(), tmp_path / "original.mp4")
    with pytest.raises(Unavailable, match="encoder: start"):
        replace(hurried, confinement=confinement).transcode(source, tmp_path, threading.Event(), lambda _percent: None)
