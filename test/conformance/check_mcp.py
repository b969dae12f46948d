"""MCPToolClient (openenv 0.5.0 and later): session over HTTP, episode over its socket, tools over HTTP. `python check_mcp.py URL`"""

from gym_client import KubeSreGymAction, main, raises
from openenv.core.mcp_client import MCPToolClient

LOOK = "kubectl get pods -A"


def connect(url):
    return MCPToolClient(base_url=url).sync()


def tools_and_socket_share_one_episode(url):
    with connect(url) as env:
        tools = env.list_tools()
        assert [tool.name for tool in tools] == ["run"], tools
        assert tools[0].input_schema["required"] == ["command"], tools
        alert = env.reset(seed=7, episode_id="mcp-1")
        assert alert.reward is None and alert.observation.command_output, alert
        answer = env.call_tool("run", command=LOOK)
        assert answer["observation"]["steps_taken"] == 1 and answer["done"] is False, answer
        step = env.step(KubeSreGymAction(command=LOOK))
        assert step.observation.steps_taken == 2, step
        state = env.state()
        assert (state.episode_id, state.step_count) == ("mcp-1", 2), state


def a_tool_that_fails_raises(url):
    with connect(url) as env:
        for call in (
            lambda: env.call_tool("run", command=LOOK),  # nobody reset
            lambda: env.call_tool("run", comand=LOOK),
            lambda: env.call_tool("reset"),
        ):
            try:
                call()
            except RuntimeError as error:
                assert "failed" in str(error), error
            else:
                raise AssertionError("expected an error")
        env.reset(seed=1)
        raises("VALIDATION_ERROR", lambda: env.reset(seed=-1))
        assert env.call_tool("run", command=LOOK)["observation"]["steps_taken"] == 1


def closing_frees_the_slot(url):
    for index in range(30):
        with connect(url) as env:
            env.reset(seed=index)


if __name__ == "__main__":
    main([tools_and_socket_share_one_episode, a_tool_that_fails_raises, closing_frees_the_slot])
