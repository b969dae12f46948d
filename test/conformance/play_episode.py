"""A whole episode of a real gym through the official client: broken, fixed, resolved, scored. `python play_episode.py URL`"""

from gym_client import generic, main

BROKEN = {"faults": [{"type": "scale_zero", "target": {"namespace": "auth", "name": "auth-service"}}]}
LINES = ["kubectl get deployments -A", "kubectl scale deployment/auth-service -n auth --replicas=1"]
MORE = "kubectl get pods -n auth"


def plays_to_the_end(url):
    with generic(url) as env:
        result = env.reset(incident=BROKEN, max_steps=10)
        assert result.done is False and result.reward is None, result
        total = 0
        for line in LINES + [MORE] * 8:
            result = env.step({"command": line})
            total += result.reward
            if result.done:
                break
        assert result.observation["outcome"] == "Resolved" and result.observation["scorable"], result
        assert 3 <= total <= 8, total
        assert env.state()["is_resolved"] is True


if __name__ == "__main__":
    main([plays_to_the_end])
