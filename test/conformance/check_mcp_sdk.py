"""The MCP project's own Python client plays the HTTP session. `python check_mcp_sdk.py URL`"""

import asyncio
import importlib.metadata

from gym_client import http, main
from mcp import ClientSession

try:
    from mcp.client.streamable_http import streamable_http_client as connect
except ImportError:  # before mcp 1.24
    from mcp.client.streamable_http import streamablehttp_client as connect

LOOK = "kubectl get pods -A"


def structured(result):
    return result.structured_content if hasattr(result, "structured_content") else result.structuredContent


def the_sdk_lists_and_calls_the_tool(url):
    status, _ = http(url, "/reset", {"seed": 3})
    assert status == 200

    async def play():
        async with connect(f"{url}/mcp") as (read, write, *_), ClientSession(read, write) as session:
            await session.initialize()
            await session.send_ping()
            tools = (await session.list_tools()).tools
            assert [tool.name for tool in tools] == ["run"], tools
            result = await session.call_tool("run", {"command": LOOK})
            assert result.content[0].text, result
            assert structured(result)["observation"]["steps_taken"] == 1, result

    asyncio.run(play())


if __name__ == "__main__":
    print("mcp", importlib.metadata.version("mcp"))
    main([the_sdk_lists_and_calls_the_tool])
