"""A state machine that plays the contest over HTTP as several players, beside a simple model.

A rule sends one request and compares the answer with the model. The lists are compared in between and at the end. The
clients check that each answer has the shape that the OpenAPI document promises.
"""

from itertools import count
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.service.conftest import Contest, signup_body
from tests.service.contest_model import ContestModel, ModelPlayer, ModelVideo, by_name_among_ties
from tests.service.player_requests import error, uploaded

CITIES = ("Bogotá", "Medellín")
PASSWORD = "una contraseña larga"
NUMBERS = st.integers(0, 99)  # picks a player or a video: the number modulo how many exist

_serial = count()


class ContestMachine(RuleBasedStateMachine):
    """One history of the contest: the requests that Hypothesis has chosen."""

    def __init__(self, contest: Contest, clip: Path) -> None:
        super().__init__()
        self._contest = contest
        self._clip = clip
        self._anonymous = contest.client()
        self._model = ContestModel()
        self.sign_up(CITIES[0])
        self.upload(0, "La primera")

    def _player(self, number: int) -> ModelPlayer:
        return self._model.players[number % len(self._model.players)]

    def _video(self, number: int) -> ModelVideo:
        return list(self._model.videos.values())[number % len(self._model.videos)]

    def _has_videos(self) -> bool:
        return bool(self._model.videos)

    @rule(city=st.sampled_from(CITIES))
    def sign_up(self, city: str) -> None:
        if len(self._model.players) == 5:
            return
        name, email = f"Jugador {next(_serial)}", f"jugador{next(_serial)}@example.com"
        first, last = name.split()
        names = {"first_name": first, "last_name": last, "email": email, "city": city}
        body = signup_body(**names, password1=PASSWORD, password2=PASSWORD)
        assert self._anonymous.post("/api/auth/signup", json=body).status_code == 201
        answer = self._anonymous.post("/api/auth/login", json={"email": email, "password": PASSWORD})
        client = self._contest.client(answer.json()["access_token"])
        self._model.players.append(ModelPlayer(name, email, city, client))

    @rule(player=NUMBERS)
    def sign_up_again(self, player: int) -> None:
        body = signup_body(email=self._player(player).email.upper())
        assert error(self._anonymous.post("/api/auth/signup", json=body)) == (400, "email_taken")

    @rule(player=NUMBERS, password=st.sampled_from([PASSWORD, "otra contraseña"]))
    def log_in(self, player: int, password: str) -> None:
        body = {"email": self._player(player).email, "password": password}
        answer = self._anonymous.post("/api/auth/login", json=body)
        assert answer.status_code == (200 if password == PASSWORD else 401)

    @rule(player=NUMBERS, title=st.text("áb ¿?", max_size=3).map(lambda text: f"T{text}T"))
    def upload(self, player: int, title: str) -> None:
        owner = self._player(player)
        body = uploaded(owner.client, self._clip, title)
        self._model.videos[body["video_id"]] = ModelVideo(body["video_id"], body["task_id"], title, owner)

    @precondition(_has_videos)
    @rule(number=NUMBERS)
    def process(self, number: int) -> None:
        video = self._video(number)
        if not video.is_open:
            self._contest.process(video.id, video.task_id)
            video.is_open = True

    @precondition(_has_videos)
    @rule(player=NUMBERS, number=NUMBERS)
    def vote(self, player: int, number: int) -> None:
        voter, video = self._player(player), self._video(number)
        answer = voter.client.post(f"/api/public/videos/{video.id}/vote")
        if not video.is_open:
            assert error(answer) == (404, "video_not_found")
        elif voter in video.voters:
            assert error(answer) == (400, "already_voted")
        else:
            assert answer.status_code == 200
            video.voters.add(voter)

    @precondition(_has_videos)
    @rule(player=NUMBERS, number=NUMBERS)
    def delete(self, player: int, number: int) -> None:
        player_, video = self._player(player), self._video(number)
        answer = player_.client.delete(f"/api/videos/{video.id}")
        if player_ is not video.owner:
            assert error(answer) == (403, "video_not_yours")
        elif video.is_open:
            assert error(answer) == (400, "video_published")
        else:
            assert answer.status_code == 200
            del self._model.videos[video.id]
            self._model.deleted.append(video.id)

    @precondition(lambda self: bool(self._model.deleted))
    @rule(player=NUMBERS, number=NUMBERS)
    def ask_for_what_is_gone(self, player: int, number: int) -> None:
        client, gone = self._player(player).client, self._model.deleted[number % len(self._model.deleted)]
        answers = [client.get(f"/api/videos/{gone}"), client.delete(f"/api/videos/{gone}"),
                   client.post(f"/api/public/videos/{gone}/vote")]  # fmt: skip
        assert [error(answer) for answer in answers] == [(404, "video_not_found")] * 3

    @precondition(_has_videos)
    @rule(player=NUMBERS, number=NUMBERS)
    def look_at_a_video(self, player: int, number: int) -> None:
        player_, video = self._player(player), self._video(number)
        answer = player_.client.get(f"/api/videos/{video.id}")
        if player_ is not video.owner:
            assert error(answer) == (403, "video_not_yours")
        else:
            found = answer.json()
            assert (found["title"], found["votes"]) == (video.title, len(video.voters))
            assert found["status"] == ("processed" if video.is_open else "uploaded")

    @rule(player=NUMBERS)
    def look_at_own_videos(self, player: int) -> None:
        owner = self._player(player)
        found = [(item["video_id"], item["title"], item["status"]) for item in owner.client.get("/api/videos").json()]
        wanted = [(v.id, v.title, "processed" if v.is_open else "uploaded") for v in self._model.own(owner)]
        assert sorted(found) == sorted(wanted)

    @rule()
    def look_at_public_videos(self) -> None:
        found = {item["video_id"]: item["votes"] for item in self._anonymous.get("/api/public/videos").json()}
        assert found == {video.id: len(video.voters) for video in self._model.open()}

    @rule(city=st.none() | st.sampled_from(CITIES))
    def look_at_the_ranking(self, city: str | None) -> None:
        lines = self._anonymous.get("/api/public/rankings", params={"city": city} if city else {}).json()
        assert [line["position"] for line in lines] == list(range(1, len(lines) + 1))
        found = [(line["username"], line["city"], line["votes"]) for line in lines]
        assert by_name_among_ties(found) == self._model.ranking(city)

    def teardown(self) -> None:
        for number in range(len(self._model.players)):
            self.look_at_own_videos(number)
        self.look_at_public_videos()
        self.look_at_the_ranking(None)
        for client in (self._anonymous, *(player.client for player in self._model.players)):
            client.close()
