# SPDX-License-Identifier: Apache-2.0
"""The part of the API's table that is about incidents."""

from __future__ import annotations

from router.web.api import incident_handlers as handlers
from router.web.api import incident_models as models
from router.web.api.models import Approval
from router.web.api.operation import Operation, PathValue

__all__ = ["INCIDENT_OPERATIONS"]

_PATH = "/api/v1/incidents/{incident}"
_ID = {"incident": PathValue("The incident, such as INC-1A2B3C4D", r"[A-Za-z0-9-]{1,40}")}
_NUMBER = {**_ID, "number": PathValue("The number of the update", r"\d{1,6}", "integer")}
_CASE = {**_ID, "case": PathValue("The reference of the case", r"[A-Za-z0-9-]{1,64}")}

INCIDENT_OPERATIONS: tuple[Operation, ...] = (
    Operation("GET", "/api/v1/incidents", "listIncidents", "Many complaints about one thing, gathered",
              handlers.incidents_list, models.IncidentList, query=models.IncidentQuery, refusals=(404,),
              tag="incidents"),
    Operation("GET", _PATH, "getIncident", "An incident with its updates and those of its cases that the user sees",
              handlers.incident_get, models.IncidentDetail, query=models.IncidentCaseQuery, path_values=_ID,
              refusals=(404,), tag="incidents"),
    Operation("POST", _PATH + "/preview", "previewUpdate", "What an update would do, by channel and language",
              handlers.preview, models.UpdatePreview, body=models.NewUpdate, path_values=_ID, refusals=(404,),
              tag="incidents"),
    Operation("POST", _PATH + "/updates", "addUpdate", "Answer all its cases that the user sees, each once",
              handlers.update_create, models.UpdateItem, body=models.NewUpdate, path_values=_ID, status=201,
              refusals=(404, 409), tag="incidents"),
    Operation("POST", _PATH + "/updates/{number}/stop", "stopUpdate", "Withdraw what has not left of an update",
              handlers.stop, models.UpdateItem, path_values=_NUMBER, refusals=(403, 404), tag="incidents"),
    Operation("POST", _PATH + "/updates/{number}/approve", "approveUpdate", "Let its answers go that wait for approval",
              handlers.approve, models.Approved, body=Approval, path_values=_NUMBER, refusals=(404, 409),
              tag="incidents"),
    Operation("POST", _PATH + "/close", "closeIncident", "End an incident; its cases stay as they are",
              handlers.close, models.IncidentItem, path_values=_ID, refusals=(403, 404, 409), tag="incidents"),
    Operation("POST", _PATH + "/reopen", "reopenIncident", "Take up one that is over", handlers.reopen,
              models.IncidentItem, path_values=_ID, refusals=(403, 404, 409), tag="incidents"),
    Operation("POST", _PATH + "/mute", "muteIncident", "Tell nobody of it for a while; it goes on gathering cases",
              handlers.mute, models.IncidentItem, body=models.NewMute, path_values=_ID, refusals=(404,),
              tag="incidents"),
    Operation("POST", _PATH + "/unmute", "unmuteIncident", "Let sinks be told of it again", handlers.unmute,
              models.IncidentItem, path_values=_ID, refusals=(403, 404, 409), tag="incidents"),
    Operation("POST", _PATH + "/cases", "addIncidentCase", "Put a case into it by hand", handlers.place,
              models.IncidentItem, body=models.IncidentCase, path_values=_ID, status=201, refusals=(404,),
              tag="incidents"),
    Operation("DELETE", _PATH + "/cases/{case}", "removeIncidentCase", "Take a case out that does not belong to it",
              handlers.take_out, models.IncidentItem, path_values=_CASE, refusals=(404,), tag="incidents"),
)  # fmt: skip
