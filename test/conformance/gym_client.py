"""What the checks share: the official client as a user of the original gym would write it, for every package version."""

import json
import sys
import urllib.error
import urllib.request
from typing import Any, Callable, Dict, List, Optional

from openenv.core.client_types import StepResult
from openenv.core.env_client import EnvClient
from openenv.core.env_server.types import Action, Observation, State
from openenv.core.generic_client import GenericEnvClient


class KubeSreGymAction(Action):
    command: str


class KubeSreGymObservation(Observation):
    """Base class forbids undeclared fields, so this also proves that the server sends none."""

    command_output: str
    cluster_status_summary: str
    active_alerts: List[str]
    steps_taken: int
    max_steps: int
    hint: str
    scorable: bool
    message: str
    outcome: Optional[str]


class KubeSreGymState(State):
    incident_id: Optional[str]
    difficulty: Optional[float]
    incident_type: Optional[str]
    is_resolved: bool
    cumulative_reward: float
    judge_persona: Optional[str]
    curriculum_stats: Dict[str, Any]


class KubeSreGymEnv(EnvClient[KubeSreGymAction, KubeSreGymObservation, KubeSreGymState]):
    def _step_payload(self, action: KubeSreGymAction) -> Dict[str, Any]:
        return {"command": action.command}

    def _parse_result(self, payload: Dict[str, Any]) -> StepResult:
        observation = KubeSreGymObservation(**payload["observation"], reward=payload["reward"], done=payload["done"])
        return StepResult(observation=observation, reward=payload["reward"], done=payload["done"])

    def _parse_state(self, payload: Dict[str, Any]) -> KubeSreGymState:
        return KubeSreGymState(**payload)


def blocking(client: Any) -> Any:
    """The client itself where it blocks (to 0.2.x), its synchronous face where it is asynchronous."""
    return client.sync() if hasattr(client, "sync") else client


def typed(url: str) -> Any:
    return blocking(KubeSreGymEnv(base_url=url))


def generic(url: str) -> Any:
    return blocking(GenericEnvClient(base_url=url))


def http(url: str, path: str, body: Any = None) -> Any:
    """(status, JSON) of a GET, or of a POST when there is a body."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data=data, headers={"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def raises(code: str, call: Callable[[], Any]) -> None:
    """The call must fail with this error code of the server."""
    try:
        call()
    except RuntimeError as error:
        assert f"(code: {code})" in str(error), error
    else:
        raise AssertionError(f"expected {code}, but the call succeeded")


def main(checks: List[Callable[[str], None]]) -> None:
    """Runs the checks against the URL in argv, in order; the first failure ends with a traceback."""
    url = sys.argv[1].rstrip("/")
    for check in checks:
        check(url)
        print("ok", check.__name__, flush=True)
