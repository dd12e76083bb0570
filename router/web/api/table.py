# SPDX-License-Identifier: Apache-2.0
"""The table of the API: every operation, once. Routes and document are both made from it."""

from __future__ import annotations

from router.learning.records import Correction
from router.schema import Case
from router.web.api import handlers, models
from router.web.api import outbox_handlers as outbox
from router.web.api.incident_table import INCIDENT_OPERATIONS
from router.web.api.operation import Operation, PathValue

__all__ = ["OPERATIONS"]

_CASE = {"case": PathValue("The reference of the case", r"[A-Za-z0-9-]{1,64}")}
_ROW = {"row": PathValue("The id of the outgoing message", r"[A-Za-z0-9._:-]{1,200}")}
_RAW = {"raw": PathValue("The number of the raw message", r"\d{1,18}", "integer")}
_IF_MATCH = {"If-Match": "The version of the case that was seen, as its ETag gave it"}

OPERATIONS: tuple[Operation, ...] = (
    Operation("POST", "/api/v1/tokens", "createToken", "Log in for programs", handlers.token_create, models.Token,
              body=models.Credentials, status=201, public=True, refusals=(429,), tag="people"),
    Operation("DELETE", "/api/v1/tokens/current", "endToken", "Log out: the token used is worth nothing afterwards",
              handlers.token_end, models.Done, tag="people"),
    Operation("GET", "/api/v1/me", "me", "Who is asking", handlers.me, models.Me, tag="people"),
    Operation("GET", "/api/v1/teams", "listTeams", "Teams the user sees, with their queues", handlers.teams,
              models.TeamList, tag="people"),
    Operation("GET", "/api/v1/counts", "counts", "How much waits where", handlers.counts, models.Counts),
    Operation("GET", "/api/v1/cases", "listCases", "Cases, most urgent first, then oldest", handlers.cases_list,
              models.CaseList, query=models.CaseQuery, refusals=(404,)),
    Operation("POST", "/api/v1/queue/next", "takeNext", "Be assigned the case that waits first and suits who asks",
              handlers.queue_next, models.NextCase, query=models.NextQuery, refusals=(403, 404, 409)),
    Operation("GET", "/api/v1/cases/{case}", "getCase", "A case with its conversation and the reasons of its route",
              handlers.case_get, models.CaseDetail, path_values=_CASE, refusals=(404,)),
    Operation("PATCH", "/api/v1/cases/{case}", "changeCase", "Change a case as it was seen in one version",
              handlers.case_patch, Case, body=models.CasePatch, path_values=_CASE, headers=_IF_MATCH,
              refusals=(400, 404, 409, 428)),
    Operation("POST", "/api/v1/cases/{case}/replies", "reply", "Answer on the channel the complaint came by",
              outbox.reply_create, models.OutboxItem, body=models.NewReply, path_values=_CASE, status=201,
              refusals=(404, 409)),
    Operation("POST", "/api/v1/cases/{case}/notes", "addNote", "Add a note that customers never see",
              handlers.add_note, models.Done, body=models.NewNote, path_values=_CASE, status=201, refusals=(404,)),
    Operation("GET", "/api/v1/cases/{case}/corrections", "listCorrections",
              "What people said of its messages beside what the model said", handlers.corrections_list,
              models.CorrectionList, path_values=_CASE, refusals=(404,), tag="labels"),
    Operation("GET", "/api/v1/labels/next", "nextLabels", "Messages most worth labelling next", handlers.labels_next,
              models.LabelOfferList, query=models.LabelQuery, refusals=(404,), tag="labels"),
    Operation("POST", "/api/v1/labels", "addLabel", "Say what a message is; its case stays as it is",
              handlers.label_create, Correction, body=models.NewLabel, status=201, refusals=(404,), tag="labels"),
    Operation("GET", "/api/v1/approvals", "listApprovals", "Answers that wait for a second person",
              outbox.approvals_list, models.OutboxList, refusals=(404,), tag="answers"),
    Operation("GET", "/api/v1/outbox", "listOutbox", "Things that leave, by state", outbox.outbox_list,
              models.OutboxList, query=models.OutboxQuery, tag="answers"),
    Operation("GET", "/api/v1/outbox/{row}", "getOutbox", "One thing that leaves", outbox.outbox_get,
              models.OutboxItem, path_values=_ROW, refusals=(404,), tag="answers"),
    Operation("PATCH", "/api/v1/outbox/{row}", "editDraft", "Change a draft that waits; approval starts anew",
              outbox.edit, models.OutboxItem, body=models.NewText, path_values=_ROW, refusals=(403, 404, 409),
              tag="answers"),
    Operation("POST", "/api/v1/outbox/{row}/approve", "approve", "Let exactly the text with this digest go out",
              outbox.approve, models.OutboxItem, body=models.Approval, path_values=_ROW, refusals=(403, 404, 409),
              tag="answers"),
    Operation("POST", "/api/v1/outbox/{row}/withdraw", "withdraw", "Take an answer back while it has not left",
              outbox.withdraw, models.OutboxItem, path_values=_ROW, refusals=(403, 404, 409), tag="answers"),
    Operation("POST", "/api/v1/outbox/{row}/retry", "retry", "Try again what failed", outbox.retry,
              models.OutboxItem, path_values=_ROW, refusals=(404, 409), tag="answers"),
    Operation("POST", "/api/v1/outbox/{row}/resolve", "resolve", "Say of a parked send whether it arrived",
              outbox.resolve, models.OutboxItem, body=models.Settlement, path_values=_ROW, refusals=(404, 409),
              tag="answers"),
    *INCIDENT_OPERATIONS,
    Operation("POST", "/api/v1/calls", "logCall", "Log a phone call or a visit", handlers.calls_create,
              models.Logged, body=models.CallNote, status=201, refusals=(404,)),
    Operation("GET", "/api/v1/quarantine", "listQuarantine", "Messages that could not be read",
              handlers.quarantine_list, models.QuarantineList, refusals=(404,), tag="trouble"),
    Operation("GET", "/api/v1/quarantine/{raw}/raw", "getRaw", "The bytes of such a message, as a file",
              handlers.quarantine_raw, None, path_values=_RAW, refusals=(404,), tag="trouble"),
    Operation("POST", "/api/v1/quarantine/{raw}/retry", "retryRaw", "Read such a message once more",
              handlers.quarantine_retry, models.Done, path_values=_RAW, refusals=(404,), tag="trouble"),
    Operation("POST", "/api/v1/reload", "reload", "Read the configuration again; mistakes leave the old one in place",
              handlers.reload, models.ReloadAnswer, refusals=(404,), tag="trouble"),
)  # fmt: skip
