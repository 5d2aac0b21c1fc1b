"""Samples of providers' keys, put together when the tests run from the formats in their documents.

`{a40}` stands for 40 letters and digits, `{l}` lower case and digits, `{u}` upper case and digits,
`{w}` also `_` and `-`, `{h}` hex, `{H}` upper hex, `{b}` base64, `{d}` digits, `{c}` letters;
`{uuid}` is a UUID. None of them was ever valid, and no scanner finds one in this file.
"""

import random
import re
import string
import uuid

LETTERS = string.ascii_letters
ALPHABETS = {
    "a": LETTERS + string.digits,
    "l": string.ascii_lowercase + string.digits,
    "u": string.ascii_uppercase + string.digits,
    "w": LETTERS + string.digits + "_-",
    "h": "0123456789abcdef",
    "H": "0123456789ABCDEF",
    "b": LETTERS + string.digits + "+/",
    "d": string.digits,
    "c": string.ascii_lowercase,
}
FORMATS = """
OpenAI|sk-{a48}
OpenAI project|sk-proj-{w74}T3BlbkFJ{w74}
OpenAI service account|sk-svcacct-{w74}T3BlbkFJ{w74}
OpenAI admin|sk-admin-{w58}T3BlbkFJ{w58}
Anthropic|sk-ant-api03-{w93}AA
Anthropic admin|sk-ant-admin01-{w93}AA
Anthropic OAuth|sk-ant-oat01-{w86}AA
OpenRouter|sk-or-v1-{h64}
DeepSeek|sk-{h32}
Moonshot|sk-{a48}
DashScope|sk-{h32}
LiteLLM|sk-{a22}
Langfuse|sk-lf-{uuid}
Helicone|sk-helicone-{l7}-{l7}-{l7}-{l7}
NVIDIA|nvapi-{w64}
Perplexity|pplx-{a48}
xAI|xai-{a80}
Cerebras|csk-{l48}
Groq|gsk_{a52}
Hugging Face|hf_{a34}
Hugging Face organization|api_org_{a34}
Replicate|r8_{a37}
Together|tgp_v1_{w43}
Fireworks|fw_{a24}
ElevenLabs|sk_{h48}
Cartesia|sk_car_{a22}
Anyscale|esecret_{a26}
RunPod|rpa_{u42}
Friendli|flp_{a48}
Jina|jina_{a32}{w28}
Voyage|pa-{w43}
Tavily|tvly-dev-{a32}
Tavily, old|tvly-{a32}
Firecrawl|fc-{h32}
LlamaCloud|llx-{a48}
Mem0|m0-{a40}
Chroma|ck-{a44}
Modal|as-{a22}
Apify|apify_api_{a36}
Browserbase|bb_live_{w27}
E2B|e2b_{h40}
Phoenix|px_live_{a40}
Traceloop|tl_{h64}
PromptLayer|pl_{h32}
Humanloop|hl_sk_{h48}
Weights & Biases|wandb_v1_{a60}
LangSmith|lsv2_pt_{h32}_{h10}
LangSmith service|lsv2_sk_{h32}_{h10}
LangSmith, old|ls__{h32}
Respan|{a8}.{a32}
Pinecone|pcsk_{a6}_{a63}
Turbopuffer|tpuf_{a32}
Brave Search|BSA{w28}
Zhipu|{h32}.{a16}
Baidu|bce-v3/ALTAK-{a21}/{h40}
Bedrock long-term|ABSK{b128}
Bedrock short-term|bedrock-api-key-{b200}
AWS access key|AKIA{u16}
AWS temporary key|ASIA{u16}
AWS session token|IQoJb3JpZ2lu{b200}
AWS MWS|amzn.mws.{uuid}
Azure AD client secret|{a3}8Q~{a34}
Azure storage|{b76}+ASt{a6}==
Azure Cosmos DB|{b76}ACDb{a6}==
Azure DevOps|{a76}AZDO{a4}
Azure Functions|{a44}AzFu{a6}==
Azure AI Search|{a42}AzSe{a6}
Azure OpenAI|{a52}JQQJ99{a26}
Google API|AIza{w35}
Google OAuth token|ya29.a0{w120}
Google OAuth secret|GOCSPX-{w28}
Google refresh token|1//0g{w60}
Firebase messaging|AAAA{w7}:APA91b{w134}
Alibaba|LTAI{a20}
Tencent|AKID{a32}
Yandex API key|AQVN{w36}
Yandex OAuth|y0_{w54}
DigitalOcean|dop_v1_{h64}
DigitalOcean OAuth|doo_v1_{h64}
DigitalOcean refresh|dor_v1_{h64}
Heroku|HRKU-{uuid}
Heroku, new|HRKU-AA{w58}
Cloudflare user|cfut_{a40}{h8}
Cloudflare account|cfat_{a40}{h8}
Cloudflare origin CA|v1.0-{h24}-{h146}
Fly.io|fm2_{b120}
Fly.io organization|fo1_{w43}
Vercel|vcp_{a56}
Vercel AI gateway|vck_{a56}
Netlify|nfp_{a36}
Render|rnd_{a28}
Supabase|sbp_{h40}
Supabase secret key|sb_secret_{w31}
Neon|napi_{l64}
Neon password|npg_{a12}
PlanetScale token|pscale_tkn_{w43}
PlanetScale password|pscale_pw_{w43}
PlanetScale OAuth|pscale_oauth_{w43}
CockroachDB|CCDB1_{a22}_{a40}
Xata|xau_{a40}
Databricks|dapi{h32}
dbt service|dbtc_{w40}
dbt user|dbtu_{w40}
Prefect|pnu_{a36}
Pulumi|pul-{h40}
Terraform|{a14}.atlasv1.{w67}
Vault service|hvs.{w95}
Vault batch|hvb.{w140}
Doppler personal|dp.pt.{a43}
Doppler service|dp.st.dev.{a43}
Doppler CLI|dp.ct.{a43}
Doppler account|dp.sa.{a43}
Doppler SCIM|dp.scim.{a43}
Infisical|st.{h24}.{h32}.{h32}
1Password service account|ops_eyJ{w250}
1Password secret key|A3-{u6}-{u6}-{u5}-{u5}-{u5}-{u5}
age|AGE-SECRET-KEY-1{u58}
Tailscale auth|tskey-auth-{a17}-{a32}
Tailscale API|tskey-api-{a17}-{a32}
Tailscale client|tskey-client-{a17}-{a32}
Akamai|akab-{l16}-{l16}
GitHub personal|ghp_{a36}
GitHub OAuth|gho_{a36}
GitHub user|ghu_{a36}
GitHub server|ghs_{a36}
GitHub refresh|ghr_{a36}
GitHub fine-grained|github_pat_{a22}_{a59}
GitLab personal|glpat-{w20}
GitLab routable|glpat-{w27}.01.{l9}
GitLab deploy|gldt-{w20}
GitLab runner|glrt-{w20}
GitLab runner registration|GR1348941{w20}
GitLab feed|glft-{w20}
GitLab CI job|glcbt-{h2}_{w20}
GitLab trigger|glptt-{h40}
GitLab incoming mail|glimt-{w25}
GitLab OAuth|gloas-{h64}
GitLab SCIM|glsoat-{w20}
GitLab agent|glagent-{w50}
Bitbucket app password|ATBB{a32}
Atlassian API token|ATATT3xFfGF0{w180}
Atlassian access token|ATCTT3xFfGN0{w180}
Trello|ATTA{h64}
CircleCI personal|CCIPAT_{a22}_{h40}
CircleCI project|CCIPRJ_{a22}_{h40}
Buildkite|bkua_{h40}
Buildkite cluster|bkct_{a44}
Sonar user|squ_{h40}
Sonar project|sqp_{h40}
Sonar analysis|sqa_{h40}
Sentry organization|sntrys_{b160}
Sentry user|sntryu_{h64}
Sourcegraph|sgp_{h16}_{h40}
Sourcegraph gateway|slk_{h64}
npm|npm_{a36}
PyPI|pypi-AgEIcHlwaS5vcmc{w150}
RubyGems|rubygems_{h48}
Clojars|CLOJARS_{l60}
Docker Hub|dckr_pat_{w27}
Docker organization|dckr_oat_{w32}
JFrog API key|AKCp{a69}
JFrog reference token|cmVmdGtu{a56}
Postman|PMAK-{h24}-{h34}
Chromatic|chpt_{a12}
Grafana service account|glsa_{a32}_{h8}
Grafana cloud|glc_{b120}
Grafana API key|eyJrIjoi{b80}
New Relic user|NRAK-{u27}
New Relic insights|NRII-{w32}
New Relic browser|NRJS-{h19}
New Relic license|{h36}NRAL
Dynatrace|dt0c01.{u24}.{u64}
PostHog|phx_{a43}
LaunchDarkly|sdk-{uuid}
Statsig|secret-{a43}
Slack bot|xoxb-{d12}-{d13}-{a24}
Slack user|xoxp-{d12}-{d12}-{d13}-{h32}
Slack app|xapp-1-A{u10}-{d13}-{h64}
Slack configuration|xoxe.xoxp-1-{a160}
Slack webhook|https://hooks.slack.com/services/T{u10}/B{u10}/{a24}
Discord bot|M{a23}.{w6}.{w38}
Discord webhook|https://discord.com/api/webhooks/{d19}/{w68}
Teams webhook|https://x.webhook.office.com/webhookb2/{uuid}@{uuid}/IncomingWebhook/{h32}/{uuid}
Zapier webhook|https://hooks.zapier.com/hooks/catch/{d8}/{l7}
Make webhook|https://hook.eu1.make.com/{l32}
Telegram|{d10}:AA{w33}
Twilio|SK{h32}
Telnyx|KEY{H32}_{a22}
SendGrid|SG.{w22}.{w43}
Mailgun|key-{h32}
Mailchimp|{h32}-us21
Mandrill|md-{a22}
Brevo|xkeysib-{h64}-{a16}
Brevo SMTP|xsmtpsib-{h64}-{a16}
Resend|re_{a8}_{a24}
Klaviyo|pk_{h34}
HubSpot|pat-na1-{uuid}
Notion|ntn_{d11}{a35}
Notion, old|secret_{a43}
Airtable|pat{a14}.{h64}
Linear|lin_api_{a40}
Linear OAuth|lin_oauth_{h64}
Figma|figd_{w40}
ClickUp|pk_{d8}_{u32}
Typeform|tfp_{w44}_{w14}
Contentful|CFPAT-{w43}
ReadMe|rdme_{l70}
Frame.io|fio-u-{w64}
Adobe|p8e-{w32}
Dropbox|sl.u.{w140}
LinkedIn|WPL_AP1.{a16}
Facebook|EAA{a180}
Twitter bearer|AAAAAAAAAAAAAAAAAAAAAA{a80}
Stripe|sk_live_{a24}
Stripe restricted|rk_live_{a99}
Stripe test|sk_test_{a99}
Stripe webhook|whsec_{b32}
Square access|EAAA{w60}
Square OAuth|sq0csp-{w43}
Square personal|sq0atp-{w22}
Plaid|access-sandbox-{uuid}
Braintree|access_token$production${l16}${h32}
Razorpay|rzp_live_{a14}
Flutterwave|FLWSECK-{h32}-X
Flutterwave test|FLWSECK_TEST-{h32}-X
Paddle|pdl_live_apikey_{l26}_{a22}_{a3}
Mollie|live_{a30}
Lob|live_{h35}
EasyPost|EZAK{a54}
Shippo|shippo_live_{h40}
Duffel|duffel_live_{w43}
Adyen|AQE{c1}hmf{b80}
Shopify|shpat_{h32}
Shopify custom app|shpca_{h32}
Shopify secret|shpss_{h32}
Shopify partner|prtapi_{h32}
WooCommerce|cs_{h40}
Stytch|secret-live-{w36}
OpenAI session|sess-{a40}
Google AI Studio|AQ.Ab8RN6{w44}
a key of several words|sk-{w43}
MiniMax|sk-api-{w60}
Letta|sk-let-{b80}
Novita|sk_{w43}
Nomic|nk-{w43}
Dify|app-{a24}
Coze|pat_{a64}
Chutes|cpk_{h32}.{h32}.{a32}
Vectara|zut_{w40}
Kaggle|KGAT_{h32}
Scale|live_{h32}
Fal|{uuid}:{h32}
Runway|key_{h128}
Cursor|crsr_{h64}
Browser Use|bu_{w43}
Composio|ak_{w20}
Daytona|dtn_{h64}
Volcengine|AKLT{a40}
Backblaze|K005{b27}
UpCloud|ucat_{u26}
Deno Deploy|ddp_{a36}
Val Town|vtwn_{a24}
Vercel Blob|vercel_blob_rw_{a16}_{a30}
Tigris|tsec_{w60}
Aiven|AVNS_{w19}
MongoDB Atlas|mdb_sa_sk_{w6}{a34}
Tinybird|p.eyJ1Ijoi{w80}.{w43}
ngrok|2{a26}_{a21}
NetBird|nbp_{a36}
Zuplo|zpka_{h32}_{h8}
Ory|ory_at_{w43}.{w43}
Bitwarden|0.{uuid}.{a30}:{b22}==
Rancher|token-{l5}:{l54}
RFC 8959|secret-token:{a40}
Harness|pat.{w22}.{h24}.{a20}
StackHawk|hawk.{w20}.{w20}
Snyk|snyk_uat.{h8}.{w100}
Socket|sktsec_{w40}_api
Octopus Deploy|API-{u26}
Infracost|ico-{a32}
Dependency-Track|odt_{a32}
crates.io|cio{a32}
NuGet|oy2{l43}
Open VSX|ovsxp_{uuid}
WakaTime|waka_{uuid}
Postman collection|PMAT-{u26}
Honeycomb|hcaik_01{l56}
Axiom|xaat-{uuid}
FullStory|na1.{b100}
Nightfall|NF-{a32}
Adafruit IO|aio_{a28}
Ubidots|BBFF-{a30}
Ionic|ion_{a42}
Mapbox|sk.eyJ1Ijoi{w60}.{w22}
PubNub|sec-c-{b60}
OneSignal|os_v2_app_{l104}
MailerSend|mlsn.{h64}
Intercom|dG9rOj{a50}=
Voiceflow|VF.DM.{h24}.{a16}
Cal.com|cal_live_{h32}
Asana|1/{d16}:{h32}
Asana, new|2/{d16}/{d16}:{h32}
Salesforce|00D{a12}!AQ{a2}.{a80}
Zoho|1000.{h32}.{h32}
Flexport|shltm_{w40}
Checkout.com|sk_sbox_{l26}
Brex|bxt_{a40}
Omise|skey_{l19}
Wompi|prv_prod_{a32}
Xendit|xnd_production_{a60}
Cashfree|cfsk_ma_prod_{h32}_{h8}
Midtrans|Mid-server-{w24}
Mercado Pago|APP_USR-{d16}-{d6}-{h32}-{d9}
Shopify user|shpua_{h32}
GitLab workspace|glwt-{w20}
Feishu webhook|https://open.feishu.cn/open-apis/bot/v2/hook/{uuid}
WeCom webhook|https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={uuid}
IFTTT webhook|https://maker.ifttt.com/trigger/x/with/key/{w43}
Teams webhook, old|https://outlook.office.com/webhook/{uuid}@{uuid}/IncomingWebhook/{h32}/{uuid}
JWT|eyJhbGciOiJIUzI1NiJ9.eyJ{w40}.{w43}
an unknown provider|acme_api_{a40}
"""
NAMED = r"""
curl -u|curl -s -u ann:{a12} https://x.example/api
curl --user|curl --user "ann:{c10}" https://x.example
netrc|machine x.example login ann password {c10}
netrc on lines|machine x.example\n  login ann\n  password {a14}\n
letters at the end|the settings are user=ann password={c10}
letters at the end of YAML|user: ann\npassword: {c10}
a token of Okta|Authorization was SSWS {w42}
"""
SECRET = re.compile(r"\{(uuid|[aluwhHbdc]\d+)\}")


def seeded(seed: int | str) -> random.Random:
    """A generator that gives the same samples in each run."""
    return random.Random(seed)  # noqa: S311 - none of them is a key


def fill(template: str, rng: random.Random) -> str:
    """Put random characters into a template."""

    def characters(found: re.Match[str]) -> str:
        if found[1] == "uuid":
            return str(uuid.UUID(int=rng.getrandbits(128), version=4))
        return "".join(rng.choices(ALPHABETS[found[1][0]], k=int(found[1][1:])))

    return SECRET.sub(characters, template.replace("\\n", "\n"))


def read(table: str) -> dict[str, str]:
    """The templates of a table by their names."""
    return dict(line.split("|", 1) for line in table.strip().splitlines())
