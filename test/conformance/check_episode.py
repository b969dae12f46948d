"""One client at a time: what an episode looks like through the official clients. `python check_episode.py URL`"""

import math

import jsonschema
from gym_client import KubeSreGymAction, generic, http, main, raises, typed

LOOK = "kubectl get pods -A"
REWARD_RANGE = (-2, 10)


def typed_client_plays(url):
    with typed(url) as env:
        state = env.state()
        assert (state.episode_id, state.step_count) == (None, 0), state
        first = env.reset(seed=7, episode_id="conformance-1")
        assert first.reward is None and first.done is False, first
        assert first.observation.command_output and first.observation.steps_taken == 0, first
        state = env.state()
        assert (state.episode_id, state.step_count) == ("conformance-1", 0), state
        for count in (1, 2):
            step = env.step(KubeSreGymAction(command=LOOK))
            assert step.observation.command_output and step.observation.steps_taken == count, step
            assert env.state().step_count == count


def every_observation_fits_the_published_schema(url):
    status, schemas = http(url, "/schema")
    assert status == 200 and "reset_observation" not in schemas
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schemas["observation"])
    with generic(url) as env:
        results = [env.reset(seed=1, episode_id="conformance-2")] + [env.step({"command": c}) for c in (LOOK, "nonsense", "")]
        for result in results:
            validator.validate({**result.observation, "reward": result.reward, "done": result.done})
            validator.validate(result.observation)
        for result in results[1:]:
            assert math.isfinite(result.reward) and REWARD_RANGE[0] <= result.reward <= REWARD_RANGE[1], result.reward
        jsonschema.Draft202012Validator(schemas["state"]).validate(env.state())


def state_keeps_the_secret_until_done(url):
    with generic(url) as env:
        env.reset(seed=2)
        env.step({"command": LOOK})
        state = env.state()
        assert state["incident_type"] in (None, "incident"), state
        assert state["is_resolved"] is False and "root_cause" not in state, state


def a_dataset_row_is_a_reset(url):
    with generic(url) as env:
        env.reset(seed=3, prompt=[{"role": "user", "content": "fix it"}], fault=None, episode_id=None, label=1)
        assert env.state()["episode_id"]


def errors_leave_the_socket_in_step(url):
    with generic(url) as env:
        raises("EXECUTION_ERROR", lambda: env.step({"command": LOOK}))
        raises("VALIDATION_ERROR", lambda: env.reset(seed=-1))
        env.reset(seed=4, episode_id="conformance-3")
        raises("VALIDATION_ERROR", lambda: env.step({"comand": LOOK}))
        raises("VALIDATION_ERROR", lambda: env.step({"command": LOOK, "tool": "x"}))
        raises("VALIDATION_ERROR", lambda: env.step({"command": "x" * 2**20}))
        assert (env.state()["episode_id"], env.state()["step_count"]) == ("conformance-3", 0)
        env.step({"command": LOOK, "metadata": {"ignored": True}})
        assert env.state()["step_count"] == 1


def a_new_reset_is_a_new_episode(url):
    with generic(url) as env:
        env.reset(seed=5)
        env.step({"command": LOOK})
        first = env.state()["episode_id"]
        env.reset(seed=5)
        state = env.state()
        assert state["episode_id"] != first and state["step_count"] == 0, state


def http_plays_one_session(url):
    assert http(url, "/health") == (200, {"status": "healthy"})
    status, body = http(url, "/reset", {"seed": 6, "episode_id": "conformance-http"})
    assert status == 200 and body["reward"] is None, body
    status, body = http(url, "/step", {"action": {"command": LOOK}, "timeout_s": 45, "request_id": "r"})
    assert status == 200 and body["observation"]["steps_taken"] == 1, body
    status, body = http(url, "/state")
    assert (status, body["episode_id"], body["step_count"]) == (200, "conformance-http", 1), body
    for path, wrong in (("/reset", {"seed": -1}), ("/reset", {"episode_id": "x" * 256}), ("/step", {"action": {}}), ("/step", {})):
        status, body = http(url, path, wrong)
        assert status == 422 and isinstance(body["detail"], list), (path, wrong, status, body)


if __name__ == "__main__":
    main(
        [
            typed_client_plays,
            every_observation_fits_the_published_schema,
            state_keeps_the_secret_until_done,
            a_dataset_row_is_a_reset,
            errors_leave_the_socket_in_step,
            a_new_reset_is_a_new_episode,
            http_plays_one_session,
        ]
    )
