"""py_eureka_client, unmodified, driven from a test: a command a line in, an answer a line out, both JSON."""
import asyncio
import json
import os
import sys

# The client logs to standard output, which is for answers: from here on that is standard error.
ANSWERS = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

from py_eureka_client.eureka_client import EurekaClient  # noqa: E402


def say(reply):
    print(json.dumps(reply), file=ANSWERS, flush=True)


def listed(client):
    """What the client itself has fetched: all instances, whatever their status."""
    return [
        {
            "app": application.name,
            "id": instance.instanceId,
            "status": instance.status,
            "host": instance.hostName,
            "port": instance.port.port,
            "zone": instance.metadata.get("zone"),
        }
        for application in client.applications.applications
        for instance in application.instances
    ]


async def answer(client, command):
    do = command["do"]
    if do == "list":
        return listed(client)
    if do == "call":
        return await client.do_service(command["app"], "/")
    if do == "status":
        return await client.status_update(command["to"])
    if do == "clear":
        return await client.delete_status_override()
    raise ValueError(f"no such command: {do}")


async def main(server, app, port):
    errors = []
    client = EurekaClient(
        eureka_server=server,
        app_name=app,
        instance_id=f"py:{app}:{port}",
        instance_host="127.0.0.1",
        instance_ip="127.0.0.1",
        instance_port=port,
        renewal_interval_in_secs=1,
        duration_in_secs=6,
        metadata={"zone": "z1", "my_key": "Gr\u00fc\u00dfe & <tags>"},
        on_error=lambda kind, error: errors.append(f"{kind}: {error}"),
    )
    await client.start()
    say({"ok": "started", "errors": errors})
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        command = json.loads(line)
        if command["do"] == "stop":
            await client.stop()
            # Its thread would beat on and register again: the end of a client is the end of its process.
            return say({"ok": "stopped", "errors": errors})
        try:
            reply = {"ok": await answer(client, command)}
        except Exception as error:  # whatever it is, the test shows it
            reply = {"error": repr(error)}
        say({**reply, "errors": errors})


asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
