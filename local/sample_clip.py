"""``python -m local.sample_clip``: render a clip like one from a phone: 1920x1080, 30 fps, H.264, AAC, much detail.

The project has no rights to real footage. So a court is painted once, players run over it, and a shaky camera follows.
The clip has the properties that cost the worker time: detail, motion everywhere, sensor noise, sound and about
11 Mbit/s.
"""

import math
import random
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from cli.command_parser import ExitCode, command_parser
from cli.screen import Screen
from local.artwork.ball import draw_ball
from showcase.errors import ShowcaseError
from worker.media.encoder import find_encoder

DESCRIPTION = "Render a clip as a phone would have filmed a game: 1080p, about 11 Mbit/s, with sound. Prints its path."
EXAMPLES = [("clip.mp4", "24 s"), ("long.mp4 --seconds 60", "as long as the contest allows")]

FPS = 30
# The painted court is wider and higher than the picture, which leaves room for the camera to move.
COURT_WIDTH, COURT_HEIGHT = 2880, 1320
FLOOR_TOP = 560
POSES = 12
TIMEOUT_S = 180
STDERR_TAIL_CHARS = 2000
# Height, y of the feet and x distance to the play of every player, in pixels; odd players are the second team.
PLAYERS = [(300, 800, -70), (310, 830, 260), (330, 880, -330), (345, 930, 120), (370, 1000, -190), (390, 1060, 330)]
TEAMS = [(206, 36, 44), (28, 74, 186)]
# The play moves from one basket to the other and back in 14 s.
PLAY_X = "(1440+760*sin(2*PI*({t})/14))"


# --- painted once -----------------------------------------------------------------------------------------------------


def paint_noise(chance: random.Random, size: tuple[int, int], grain: tuple[int, int]) -> Image.Image:
    """Grey noise whose specks are about `grain` pixels wide and high."""
    small = (max(1, size[0] // grain[0]), max(1, size[1] // grain[1]))
    noise = Image.frombytes("L", small, chance.randbytes(small[0] * small[1]))
    return noise.resize(size, Image.Resampling.BICUBIC)


def paint_floor(chance: random.Random) -> Image.Image:
    """Boards of maple: a tone for each board, streaks along it and fine grain."""
    size = (COURT_WIDTH, COURT_HEIGHT - FLOOR_TOP)
    tones = Image.new("L", size)
    draw = ImageDraw.Draw(tones)
    y = 0.0
    while y < size[1]:
        height = 7 + 13 * y / size[1]
        x = -chance.uniform(0, 300)
        while x < size[0]:
            length = chance.uniform(180, 420)
            draw.rectangle((x, y, x + length, y + height), fill=chance.randint(90, 170), outline=70)
            x += length
        y += height
    streaks = Image.blend(paint_noise(chance, size, (40, 2)), paint_noise(chance, size, (2, 1)), 0.45)
    wood = Image.blend(tones, streaks, 0.38)
    return ImageOps.colorize(wood, (86, 48, 20), (255, 226, 172), mid=(198, 142, 84))


def paint_stands(chance: random.Random) -> Image.Image:
    """Rows of spectators: heads and shirts in every colour."""
    stands = Image.new("RGB", (COURT_WIDTH, FLOOR_TOP), (34, 36, 46))
    draw = ImageDraw.Draw(stands)
    for row in range(17):
        y, size = 20 + row * 29, 10 + row * 0.35
        for seat in range(-1, round(COURT_WIDTH / (size * 2.3)) + 1):
            x = seat * size * 2.3 + chance.uniform(-4, 4) + row % 2 * size
            grey = chance.randint(30, 190)
            shirt = tuple(grey + chance.randint(-28, 28) for _ in range(3))
            skin = chance.choice([(226, 178, 142), (176, 120, 84), (110, 70, 46), (70, 44, 32)])
            draw.rounded_rectangle((x - size, y + size * 0.4, x + size, y + 34), radius=5, fill=shirt)
            draw.ellipse((x - size * 0.55, y - size * 0.9, x + size * 0.55, y + size * 0.5), fill=skin)
    dimmed = ImageChops.multiply(stands, Image.new("RGB", stands.size, (150, 152, 172)))
    return dimmed.filter(ImageFilter.GaussianBlur(1.3))


def paint_markings(court: Image.Image) -> None:
    """The lines, both keys, the centre circle and the board in front of the stands."""
    draw = ImageDraw.Draw(court, "RGBA")
    draw.rectangle((0, FLOOR_TOP - 64, COURT_WIDTH, FLOOR_TOP), fill=(18, 26, 58))
    for x in range(20, COURT_WIDTH, 90):
        draw.rectangle((x, FLOOR_TOP - 46, x + 52, FLOOR_TOP - 20), fill=(236, 110 + x % 90, 32))
    for side in (0, 1):
        inner, outer = (620, 150) if side == 0 else (COURT_WIDTH - 620, COURT_WIDTH - 150)
        left, right = min(inner, outer), max(inner, outer)
        draw.rectangle((left, 720, right, 990), fill=(150, 34, 30, 170), outline="white", width=9)
        draw.ellipse((inner - 150, 735, inner + 150, 975), outline="white", width=9)
        draw.ellipse((outer - 900, 640, outer + 900, 1120), outline="white", width=9)
    draw.ellipse((1220, 740, 1660, 980), fill=(28, 60, 150, 150), outline="white", width=9)
    draw.line((1440, 620, 1440, 1230), fill="white", width=9)
    draw.rectangle((110, 620, COURT_WIDTH - 110, 1230), outline="white", width=10)


def paint_basket(court: Image.Image, x: int, facing: int) -> None:
    """A basket with post, glass board, ring and net; `facing` is 1 when it looks to the right."""
    draw = ImageDraw.Draw(court, "RGBA")
    draw.polygon([(x - 70 * facing, 860), (x - 100 * facing, 860), (x - 24 * facing, 390), (x, 390)], fill=(40, 44, 56))
    draw.polygon(
        [(x, 280), (x + 26 * facing, 300), (x + 26 * facing, 470), (x, 450)],
        fill=(226, 240, 255, 190),
        outline=(250, 250, 250),
        width=6,
    )
    ring = sorted((x + 28 * facing, x + 122 * facing))
    draw.ellipse((ring[0], 424, ring[1], 448), outline=(240, 92, 20), width=8)
    for step in range(9):
        top, bottom = ring[0] + 94 * step / 8, ring[0] + 22 + 50 * (8 - step) / 8
        draw.line((top, 440, bottom, 520), fill=(245, 245, 245, 220), width=3)


def paint_court() -> Image.Image:
    """The whole panorama."""
    chance = random.Random(41)  # noqa: S311 - the same picture every time
    court = Image.new("RGB", (COURT_WIDTH, COURT_HEIGHT))
    court.paste(paint_stands(chance), (0, 0))
    court.paste(paint_floor(chance), (0, FLOOR_TOP))
    paint_markings(court)
    paint_basket(court, 250, 1)
    paint_basket(court, COURT_WIDTH - 250, -1)
    return court


def limb(draw: ImageDraw.ImageDraw, joints: list[tuple[float, float]], width: float, colour: tuple[int, ...]) -> None:
    """A limb with round joints."""
    draw.line(joints, fill=colour, width=round(width), joint="curve")
    for x, y in joints:
        draw.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=colour)


def leg_joints(phase: float) -> list[tuple[float, float]]:
    """Hip, knee and foot of a running leg in units of the player's height, hip at (0, 0)."""
    thigh = 0.75 * math.sin(phase)
    shin = thigh - 0.35 - 0.75 * max(0.0, math.cos(phase))
    knee = (0.24 * math.sin(thigh), 0.24 * math.cos(thigh))
    return [(0.0, 0.0), knee, (knee[0] + 0.24 * math.sin(shin), knee[1] + 0.24 * math.cos(shin))]


def paint_player(height: int, shirt: tuple[int, int, int], phase: float) -> Image.Image:
    """A player who runs to the right, as an RGBA picture with the feet at its lower edge."""
    size = 2 * height
    image = Image.new("RGBA", (size, size), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    middle, hip = size / 2, size * (0.52 + 0.012 * math.sin(2 * phase))
    skin, dark = (138, 90, 60), (92, 58, 40)
    draw.ellipse((middle - 0.2 * size, 0.955 * size, middle + 0.2 * size, 0.995 * size), fill=(30, 16, 8, 110))
    for turn, tone in ((math.pi, dark), (0.0, skin)):
        leg = [(middle + x * size * 0.95, hip + y * size * 0.95) for x, y in leg_joints(phase + turn)]
        limb(draw, leg, 0.062 * size, tone)
        limb(draw, leg[:2], 0.085 * size, shirt)
        limb(draw, [leg[2], (leg[2][0] + 0.055 * size, leg[2][1] + 0.008 * size)], 0.04 * size, (242, 242, 246))
        swing = 0.16 * math.sin(phase + turn + math.pi)
        shoulder, elbow = (middle + 0.02 * size, 0.25 * size), (middle + swing * size * 0.7, 0.38 * size)
        limb(draw, [shoulder, elbow, (elbow[0] + 0.11 * size, elbow[1] - 0.03 * size)], 0.045 * size, tone)
        if tone == dark:
            limb(draw, [(middle + 0.02 * size, 0.27 * size), (middle, hip)], 0.15 * size, shirt)
    draw.rectangle((middle - 0.03 * size, 0.31 * size, middle + 0.03 * size, 0.41 * size), fill=(250, 250, 250))
    draw.ellipse((middle - 0.025 * size, 0.08 * size, middle + 0.1 * size, 0.21 * size), fill=skin)
    draw.pieslice((middle - 0.03 * size, 0.07 * size, middle + 0.1 * size, 0.2 * size), 170, 350, fill=(24, 16, 14))
    return image.reduce(2)


def paint_everything(directory: Path) -> None:
    """Write the court, twelve poses of every player and twelve of the ball as PNG files into `directory`."""
    paint_court().filter(ImageFilter.UnsharpMask(1, 60)).save(directory / "court.png", compress_level=1)
    for pose in range(POSES):
        turn = 2 * math.pi * pose / POSES
        for number, (height, _, _) in enumerate(PLAYERS):
            player = paint_player(height, TEAMS[number % 2], turn + number)
            player.save(directory / f"player{number}-{pose:02d}.png", compress_level=1)
        draw_ball(58, turn).save(directory / f"ball-{pose:02d}.png", compress_level=1)


# --- moving -----------------------------------------------------------------------------------------------------------


def player_filter(number: int) -> str:
    """The part of the filter graph that puts one player on the court; the player turns round when the play does."""
    height, feet, distance = PLAYERS[number]
    time = f"t-{0.12 * number:.2f}"
    turned = f"hflip=enable='lt(cos(2*PI*({time})/14),0)'"
    x = f"{PLAY_X.format(t=time)}+{distance}+70*sin({0.7 + 0.13 * number:.2f}*t+{number})-w/2"
    y = f"{feet - height}+26*sin({0.9 + 0.11 * number:.2f}*t)"
    return (
        f"[{number + 1}:v]loop=loop=-1:size={POSES},{turned},format=yuva420p[p{number}];"
        f"[w{number}][p{number}]overlay=x='{x}':y='{y}':eval=frame[w{number + 1}];"
    )


def ball_filter(number: int) -> str:
    """The ball: dribbled along with the play, and every 7 s thrown at the nearer basket, through it and back."""
    thrown, back, fall = "clip((mod(t,7)-2.9)/1.2,0,1)", "clip((mod(t,7)-4.7)/0.8,0,1)", "clip((mod(t,7)-4.1)/0.6,0,1)"
    away = f"({thrown}*(1-{back}))"
    basket = "if(lt(mod(t,14),7),2555,325)"
    dribble = "(840-4*190*mod(t/0.6,1)*(1-mod(t/0.6,1)))"
    x = f"(1-{away})*({PLAY_X.format(t='t')}+20)+{away}*({basket})-w/2"
    y = f"(1-{away})*{dribble}+{away}*(420+380*pow({fall},2))-1000*{thrown}*(1-{thrown})-h/2"
    return (
        f"[{number + 1}:v]loop=loop=-1:size={POSES},format=yuva420p[ball];"
        f"[w{number}][ball]overlay=x='{x}':y='{y}':eval=frame[scene];"
    )


def picture_filter() -> str:
    """The filter graph of the picture: court, players, ball, the movement of the phone, sensor noise."""
    camera_x = "480+400*sin(2*PI*(t-0.4)/14)+16*sin(2.1*t)+7*sin(5.3*t)+3*sin(13*t)"
    camera_y = "120+40*sin(0.9*t)+12*sin(3.7*t)+5*sin(8.9*t)"
    players = "".join(player_filter(number) for number in range(len(PLAYERS)))
    return (
        "[0:v]format=yuv420p,loop=loop=-1:size=1[w0];"
        + players
        + ball_filter(len(PLAYERS))
        + f"[scene]crop=1920:1080:x='{camera_x}':y='{camera_y}',"
        + "noise=c0_seed=3:c0s=11:c0f=t:c1_seed=4:c1s=5:c1f=t:c2_seed=5:c2s=5:c2f=t,"
        + "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709[v]"
    )


def sound_filter() -> str:
    """The filter graph of the sound: a murmuring crowd, the hum of the hall, the ball on the floor."""
    bounce = "0.7*exp(-22*mod(t,0.6))*sin(2*PI*92*t)+0.16*exp(-60*mod(t,0.6))*sin(2*PI*610*t)"
    return (
        "anoisesrc=color=pink:amplitude=0.5:seed=17:sample_rate=48000,highpass=f=220,lowpass=f=2600,"
        "tremolo=f=0.17:d=0.55[crowd];"
        f"aevalsrc='{bounce}+0.03*sin(2*PI*58*t)+0.02*sin(2*PI*117*t)':sample_rate=48000[hall];"
        "[crowd][hall]amix=inputs=2:normalize=0,alimiter=limit=0.9,aformat=channel_layouts=stereo[a]"
    )


def render_command(ffmpeg: str, drawn: Path, target: Path, seconds: int) -> list[str]:
    """The ffmpeg call that moves the painted pictures and writes `target`."""
    rate = ["-framerate", str(FPS)]
    inputs = [*rate, "-i", str(drawn / "court.png")]
    for name in (*(f"player{number}" for number in range(len(PLAYERS))), "ball"):
        inputs += [*rate, "-i", str(drawn / f"{name}-%02d.png")]
    # No -maxrate: with it, x264 on several threads writes a different file each time.
    video = "-c:v libx264 -preset ultrafast -b:v 11M -g 30 -pix_fmt yuv420p"
    sound = "-c:a aac -b:a 128k"
    graph = ["-filter_complex", f"{picture_filter()};{sound_filter()}", "-map", "[v]", "-map", "[a]"]
    output = ["-t", str(seconds), "-fflags", "+bitexact", "-f", "mp4", str(target)]
    return [ffmpeg, "-nostdin", "-v", "error", "-y", *inputs, *graph, *video.split(), *sound.split(), *output]


def render_sample(ffmpeg: str, target: Path, *, seconds: int = 24) -> Path:
    """Write a clip of `seconds` to `target` and return it. The same ffmpeg draws the same pictures each time.

    Raises RuntimeError with the last of ffmpeg's messages when it fails, or when it takes longer than three minutes.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="court-") as name:
        paint_everything(Path(name))
        command = render_command(ffmpeg, Path(name), target, seconds)
        try:
            done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired as exc:
            raise RuntimeError(f"rendering {target} took longer than {TIMEOUT_S} s") from exc
    if done.returncode != 0:
        tail = done.stderr.decode(errors="replace")[-STDERR_TAIL_CHARS:]
        raise RuntimeError(f"could not render {target}: {tail}")
    return target


def main(arguments: Sequence[str] | None = None) -> int:
    """Render the clip that the command line describes; return an ExitCode."""
    parser = command_parser("local.sample_clip", DESCRIPTION, examples=EXAMPLES)
    parser.add_argument("target", type=Path, help="the MP4 to write")
    parser.add_argument("--seconds", type=int, default=24, help="length of the clip (default 24)")
    asked = parser.parse_args(arguments)
    screen = Screen()
    try:
        screen.line(str(render_sample(find_encoder(None).path, asked.target, seconds=asked.seconds)))
    except (RuntimeError, ShowcaseError, OSError) as error:
        screen.fail(str(error))
        return ExitCode.FAILED
    return ExitCode.DONE


if __name__ == "__main__":
    sys.exit(main())
