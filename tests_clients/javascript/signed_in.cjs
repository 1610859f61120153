// A client of the sandbox that the environment names; its tokens come from the sandbox's sign-in.
"use strict";

const { DynamicsWebApi } = require("dynamics-web-api");

const { SANDBOX_URL, SANDBOX_AUTHORITY, SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET } = process.env;

async function token() {
  const form = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: SANDBOX_CLIENT_ID,
    client_secret: SANDBOX_CLIENT_SECRET,
    scope: `${SANDBOX_URL}/.default`,
  });
  const answer = await fetch(`${SANDBOX_AUTHORITY}/oauth2/v2.0/token`, { method: "POST", body: form });
  if (!answer.ok) throw new Error(`sign-in answered ${answer.status}`);
  return (await answer.json()).access_token;
}

function signedIn(more = {}) {
  let kept;
  return new DynamicsWebApi({
    serverUrl: SANDBOX_URL,
    dataApi: { version: "9.2" },
    onTokenRefresh: () => (kept ??= token()),
    ...more,
  });
}

module.exports = { signedIn };
