"""The schemas of the document: of answers from ``service.answers``, of requests from the models that read them."""

from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from service import answers
from service.openapi.vocabulary import Json
from service.requests import LoginBody, SignupBody, UploadBody

ANSWERS: dict[str, Any] = {
    "SignedUp": answers.SignedUp,
    "AccessToken": answers.AccessToken,
    "UploadedVideo": answers.UploadedVideo,
    "DirectUpload": answers.DirectUploadState,
    "OwnVideo": answers.OwnVideoItem,
    "OwnVideoDetail": answers.OwnVideoDetail,
    "DeletedVideo": answers.DeletedVideo,
    "PublicVideo": answers.PublicVideoItem,
    "VoteCounted": answers.VoteCounted,
    "RankedPlayer": answers.RankingItem,
    "Alive": answers.Alive,
    "Readiness": answers.Readiness,
    "Error": answers.Error,
}
REQUESTS: dict[str, type[BaseModel]] = {"Signup": SignupBody, "Login": LoginBody, "NewUpload": UploadBody}


class _WithoutTitles(GenerateJsonSchema):
    """Makes no titles. Pydantic would repeat the name of every field as its title."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def all_schemas() -> dict[str, Json]:
    """Every schema that the operations refer to, by its name."""
    schemas: dict[str, Json] = {}
    for name, kind in (REQUESTS | ANSWERS).items():
        schema = TypeAdapter(kind).json_schema(
            ref_template="#/components/schemas/{model}", schema_generator=_WithoutTitles
        )
        schemas |= {inner: _untitled(each) for inner, each in schema.pop("$defs", {}).items()}
        schemas[name] = _untitled(schema)
    return schemas


def _untitled(schema: Json) -> Json:
    return {key: value for key, value in schema.items() if key != "title"}
