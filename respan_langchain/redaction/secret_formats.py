"""Formats of the keys and tokens of known providers: add a provider's here, one line a format.

The facts are from the providers' documents and from the keys that they show as examples. A format
with a short prefix asks for digits as well, so that no word of prose or code matches.
"""

from typing import Final

from respan_langchain.redaction.irregular_secret_formats import IRREGULAR
from respan_langchain.redaction.secret_search import parse_table

# name, alphabet of the tail (+ what it must contain), length of the tail, source, prefixes
_TABLE: Final = parse_table(r"""
anthropic-key       url            16,   docs.anthropic.com          sk-ant-
openrouter-key      url            16,   openrouter.ai/docs          sk-or-
langfuse-key        url            16,   langfuse.com/docs           sk-lf-
helicone-key        url            16,   docs.helicone.ai            sk-helicone-
openai-key          url            16,   platform.openai.com         sk-proj- sk-svcacct-
openai-key          url            16,   platform.openai.com         sk-admin- sk-None-
nvidia-key          url            40,   docs.nvidia.com             nvapi-
perplexity-key      alnum+digit    24,   docs.perplexity.ai          pplx-
xai-key             word+digit     40,   docs.x.ai                   xai- xai-token-
cerebras-key        alnum+digit    32,   inference-docs.cerebras.ai  csk-
tavily-key          url+digit      16,   docs.tavily.com             tvly- tvly-dev- tvly-prod-
firecrawl-key       hex            32    docs.firecrawl.dev          fc-
voyage-key          url+mixed      40,   docs.voyageai.com           pa-
llamacloud-key      alnum+digit    32,   docs.cloud.llamaindex.ai    llx-
mem0-key            alnum+mixed    32,   docs.mem0.ai                m0-
chroma-key          alnum+mixed    32,   docs.trychroma.com          ck-
modal-token         alnum+mixed    22    modal.com/docs              as-
bedrock-key         equals         20,   docs.aws.amazon.com/bedrock bedrock-api-key-
baidu-key           [A-Za-z0-9/]   16,   cloud.baidu.com/doc         ALTAK-
gitlab-token        dotted         16,   docs.gitlab.com/security/tokens glpat- gldt- glrt- glrtr-
gitlab-token        dotted         16,   docs.gitlab.com/security/tokens glft- glcbt- glptt-
gitlab-token        dotted         16,   docs.gitlab.com/security/tokens glimt- gloas- glsoat- glwt-
gitlab-token        dotted         16,   docs.gitlab.com/security/tokens glffct- glagent-
slack-token         url            10,   api.slack.com/authentication xox[a-z]-
slack-token         url+digit      10,   api.slack.com/authentication xapp-
google-oauth-secret url            16,   developers.google.com/identity GOCSPX-
pypi-token          url+digit      50,   pypi.org/help               pypi-
mailgun-key         hex            32    documentation.mailgun.com   key-
brevo-key           url            64,   developers.brevo.com        xkeysib- xsmtpsib-
mandrill-key        url+mixed      22    mailchimp.com/developer     md-
postman-key         url            40,   learning.postman.com        PMAK-
square-token        url            22,   developer.squareup.com      sq0atp-
square-token        url            40,   developer.squareup.com      sq0csp-
newrelic-key        upper          24,   docs.newrelic.com           NRAK-
newrelic-key        url            24,   docs.newrelic.com           NRII-
newrelic-key        hex            16,   docs.newrelic.com           NRJS-
newrelic-key        url            16,   docs.newrelic.com           NRSP-
age-key             upper          50,   age-encryption.org          AGE-SECRET-KEY-
pulumi-token        hex            40    pulumi.com/docs             pul-
contentful-token    url            40,   contentful.com/developers   CFPAT-
frameio-token       url            40,   developer.frame.io          fio-u-
flutterwave-key     url            20,   developer.flutterwave.com   FLWSECK-
flutterwave-key     url            12,   developer.flutterwave.com   FLWSECK_TEST- FLWSECK_LIVE-
stytch-secret       url            30,   stytch.com/docs             secret-live- secret-test-
statsig-key         alnum+mixed    40,   docs.statsig.com            secret-
adobe-secret        url            32    developer.adobe.com         p8e-
tailscale-key       url            16,   tailscale.com/kb            tskey-auth- tskey-api-
tailscale-key       url            16,   tailscale.com/kb            tskey-client- tskey-scim-
tailscale-key       url            16,   tailscale.com/kb            tskey-webhook-
akamai-token        url            30,   techdocs.akamai.com         akab-
heroku-key          url            30,   devcenter.heroku.com        HRKU-
sendbird-token      alnum+mixed    30,   sendbird.com/docs           sb-api-
onepassword-key     [A-Z0-9-]      25,   support.1password.com       A3-[A-Z0-9]{6}-
openai-session      alnum          40    platform.openai.com         sess-
nomic-key           url+mixed      40,   docs.nomic.ai               nk-
dify-key            alnum+mixed    24    docs.dify.ai                app- dataset-
postman-key         upper          26    learning.postman.com        PMAT-
octopus-key         upper+digit    25,27 octopus.com/docs            API-
ubidots-token       alnum          30    docs.ubidots.com            BBFF-
nightfall-key       alnum+digit    32    docs.nightfall.ai           NF-
infracost-key       alnum+digit    32    infracost.io/docs           ico-
axiom-token         [0-9a-f-]      36    axiom.co/docs               xaat- xapt-
pubnub-secret       equals         40,   pubnub.com/docs             sec-c-
midtrans-key        url            20,   docs.midtrans.com           Mid-server-
mercadopago-token   url            50,   mercadopago.com/developers  APP_USR-
github-token        alnum          20,   docs.github.com             gh[pousr]_
github-token        word           20,   docs.github.com             github_pat_
stripe-key          alnum          10,   docs.stripe.com/keys        [rs]k_live_ [rs]k_test_
stripe-key          equals         20,   docs.stripe.com/webhooks    whsec_
groq-key            alnum          20,   console.groq.com/docs       gsk_
langsmith-key       word           20,   docs.smith.langchain.com    lsv2_pt_ lsv2_sk_
langsmith-key       hex            32    docs.smith.langchain.com    ls__
npm-token           alnum          36    docs.npmjs.com              npm_
replicate-token     alnum          30,   replicate.com/docs          r8_
pinecone-key        word           20,   docs.pinecone.io            pcsk_
shopify-token       [A-Fa-f0-9]    32    shopify.dev                 shp[a-z]{2}_ shptka_
digitalocean-token  hex            40,   docs.digitalocean.com       do[opr]_v1_
huggingface-token   alnum+digit    20,   huggingface.co/docs         api_org_
together-key        url            30,   docs.together.ai            tgp_v1_
fireworks-key       alnum+mixed    22,   docs.fireworks.ai           fw_
elevenlabs-key      hex            48    elevenlabs.io/docs          sk_
cartesia-key        alnum          16,   docs.cartesia.ai            sk_car_
anyscale-key        alnum          20,   docs.anyscale.com           esecret_
runpod-key          alnum          30,   docs.runpod.io              rpa_
friendli-key        alnum          30,   docs.friendli.ai            flp_
jina-key            url            40,   jina.ai/api-dashboard       jina_
apify-token         alnum          30,   docs.apify.com              apify_api_
browserbase-key     url            20,   docs.browserbase.com        bb_live_
e2b-key             hex            40    e2b.dev/docs                e2b_
phoenix-key         url            20,   arize.com/docs              px_live_
traceloop-key       hex            64    traceloop.com/docs          tl_
promptlayer-key     hex            32    docs.promptlayer.com        pl_
humanloop-key       alnum          30,   humanloop.com/docs          hl_sk_
wandb-key           word           40,   docs.wandb.ai               wandb_v1_
posthog-key         alnum          32,   posthog.com/docs            phx_
turbopuffer-key     alnum          24,   turbopuffer.com/docs        tpuf_
neon-key            lower          40,   neon.tech/docs              napi_
neon-password       alnum          10,   neon.tech/docs              npg_
supabase-token      hex            40    supabase.com/docs           sbp_ sbp_oauth_
supabase-key        url            20,   supabase.com/docs           sb_secret_
planetscale-token   dotted         30,   planetscale.com/docs        pscale_tkn_ pscale_pw_
planetscale-token   dotted         30,   planetscale.com/docs        pscale_oauth_
cockroach-key       url            30,   cockroachlabs.com/docs      CCDB1_
xata-key            alnum          30,   xata.io/docs                xau_
dbt-token           url            30,   docs.getdbt.com             dbtc_ dbtu_
prefect-key         alnum          30,   docs.prefect.io             pn[ub]_
vercel-token        alnum          24,   vercel.com/docs             vc[pkaitr]_
netlify-token       alnum          36,   docs.netlify.com            nf[pocub]_
render-key          alnum          24,   render.com/docs             rnd_
fly-token           equals         40,   fly.io/docs                 fm[12]_ fm[12][ar]_
fly-token           url            40,   fly.io/docs                 fo1_
cloudflare-token    alnum          40,   developers.cloudflare.com   cf[aku]t_ cfk_
circleci-token      word           40,   circleci.com/docs           CCIPAT_ CCIPRJ_
buildkite-token     alnum+digit    32,   buildkite.com/docs          bk[uac][ajt]_
sonar-token         hex            40    docs.sonarsource.com        sq[upa]_
sentry-token        [+/=_A-Za-z0-9] 40,   docs.sentry.io              sntrys_
sentry-token        hex            64    docs.sentry.io              sntryu_
sourcegraph-token   word+digit     40,   sourcegraph.com/docs        sgp_
sourcegraph-token   hex            64    sourcegraph.com/docs        slk_
grafana-token       word           32,   grafana.com/docs            glsa_
grafana-token       equals         32,   grafana.com/docs            glc_
docker-token        url            20,   docs.docker.com             dckr_pat_ dckr_oat_
rubygems-key        hex            48    guides.rubygems.org         rubygems_
readme-key          lower          60,   docs.readme.com             rdme_
clojars-token       lower          50,   github.com/clojars/wiki     CLOJARS_
linear-key          alnum          30,   linear.app/developers       lin_api_ lin_oauth_ lin_wh_
notion-token        alnum          40,   developers.notion.com       ntn_
notion-token        alnum+mixed    40,   developers.notion.com       secret_
figma-token         url            30,   figma.com/developers        fig[du]_ fig[ou]r_
typeform-token      dotted         40,   typeform.com/developers     tfp_
shippo-token        hex            40    docs.goshippo.com           shippo_live_ shippo_test_
duffel-token        url            40,   duffel.com/docs             duffel_live_ duffel_test_
lob-key             hex            35    docs.lob.com                live_ test_
mollie-key          alnum+mixed    30,   docs.mollie.com             live_ test_
razorpay-key        alnum          14,   razorpay.com/docs           rzp_live_ rzp_test_
paddle-key          word           40,   developer.paddle.com        pdl_live_apikey_
paddle-key          word           40,   developer.paddle.com        pdl_sdbx_apikey_
klaviyo-key         hex            34    developers.klaviyo.com      pk_
woocommerce-secret  hex            40    developer.woocommerce.com   cs_
woocommerce-key     hex            40    developer.woocommerce.com   ck_
shopify-token       [A-Fa-f0-9]    32    shopify.dev                 prtapi_
chromatic-token     alnum          10,   chromatic.com/docs          chpt_
resend-key          alnum          20,   resend.com/docs             re_[A-Za-z0-9]{8}_
scaleway-key        alnum          20,   scaleway.com/en/docs        scw_secret_
yandex-token        url            50,   yandex.cloud/docs           y0_
onepassword-token   url            40,   developer.1password.com     ops_
clickup-token       upper          32    developer.clickup.com       pk_[0-9]{8}_ pk_[0-9]{7}_
telnyx-key          alnum          20,   developers.telnyx.com       KEY[0-9A-F]{32}_
generic-key         alnum+random   24,   common_habit                _api_ [a-z]key_ _key_ _sk_
generic-key         alnum+random   24,   common_habit                _pat_ _live_ _prod_ _token_
generic-key         alnum+random   24,   common_habit                _secret_
novita-key          url+mixed      40,   novita.ai/docs              sk_
browseruse-key      url+mixed      40,   docs.browser-use.com        bu_
composio-key        url+mixed      20    docs.composio.dev           ak_
cursor-key          hex            64    cursor.com/docs             crsr_ key_
runway-key          hex            128   docs.dev.runwayml.com       key_
coze-token          alnum+mixed    64    coze.com/docs               pat_
chutes-key          [A-Za-z0-9.]   60,   chutes.ai/docs              cpk_
vectara-key         url            40,   docs.vectara.com            z[quw]t_
kaggle-token        hex            32    kaggle.com/docs             KGAT_
scale-key           hex            32    scale.com/docs              live_
daytona-key         hex            64    daytona.io/docs             dtn_
deno-token          alnum          36    docs.deno.com               dd[op]_
valtown-token       alnum          20,   docs.val.town               vtwn_
vercel-token        word           30,   vercel.com/docs             vercel_blob_rw_
upcloud-token       upper          26    developers.upcloud.com      ucat_
tigris-secret       url            40,   tigrisdata.com/docs         tsec_
aiven-password      url            19    aiven.io/docs               AVNS_
ngrok-token         alnum+mixed    20,22 ngrok.com/docs              [0-9][A-Za-z0-9]{26}_
netbird-token       alnum          36    docs.netbird.io             nbp_
zuplo-key           [0-9a-f_]      41    zuplo.com/docs              zpka_
ory-token           dotted         30,   ory.sh/docs                 ory_[a-z]{2}_
honeycomb-key       lower          50,   docs.honeycomb.io           hc[a-z][a-z][ck]_
onesignal-key       lower          90,   documentation.onesignal.com os_v2_app_ os_v2_org_
socket-key          url            30,   docs.socket.dev             sktsec_
dependencytrack-key alnum          32,   docs.dependencytrack.org    odt_
openvsx-token       [0-9a-f-]      36    open-vsx.org                ovsxp_ ovsxat_
wakatime-key        [0-9a-f-]      36    wakatime.com/developers     waka_
adafruit-key        alnum+mixed    28    io.adafruit.com/api         aio_
ionic-token         alnum          42    ionic.io/docs               ion_
flexport-token      url            40    developers.flexport.com     shltm_
calcom-key          hex            32    cal.com/docs                cal_live_
checkout-key        lower+digit    20,   checkout.com/docs           sk_sbox_
brex-token          alnum+mixed    30,   developer.brex.com          bxt_
omise-key           alnum+digit    17,20 docs.omise.co               skey_ skey_test_ skey_live_
wompi-key           alnum          30,   docs.wompi.co               prv_prod_ prv_test_
xendit-key          alnum          40,   docs.xendit.co              xnd_production_
xendit-key          alnum          40,   docs.xendit.co              xnd_development_
cashfree-key        [0-9a-f_]      41,   cashfree.com/docs           cfsk_ma_prod_ cfsk_ma_test_
google-token        url            20,   developers.google.com/identity ya29\.
vault-token         url            20,   developer.hashicorp.com/vault hv[sbr]\.
dropbox-token       url            60,   developers.dropbox.com      sl\. sl\.u\.
doppler-token       alnum          40,   docs.doppler.com            dp\.pt\. dp\.ct\. dp\.sa\.
doppler-token       alnum          40,   docs.doppler.com            dp\.said\. dp\.scim\.
doppler-token       alnum          40,   docs.doppler.com            dp\.audit\.
terraform-token     [A-Za-z0-9_=-] 40,   developer.hashicorp.com     [A-Za-z0-9]{14}\.atlasv1\.
airtable-token      hex            64    airtable.com/developers     pat[A-Za-z0-9]{14}\.
dynatrace-token     [A-Z0-9.]      60,   docs.dynatrace.com          dt0[a-z][0-9]{2}\.
infisical-token     [0-9a-f.]      60,   infisical.com/docs          st\.
linkedin-secret     alnum          12,   learn.microsoft.com/linkedin WPL_AP1\.
aws-mws-token       [0-9a-f-]      36    developer-docs.amazon.com   amzn\.mws\.
snyk-token          dotted         30,   docs.snyk.io                snyk_[a-z]at\.
mailersend-token    hex            64    developers.mailersend.com   mlsn\.
zoho-token          [0-9a-f.]      65    zoho.com/accounts           1000\.
voiceflow-key       [A-Za-z0-9.]   41    docs.voiceflow.com          VF\.DM\. VF\.WS\.
fullstory-key       base64         100   developer.fullstory.com     na1\. eu1\.
harness-token       dotted+mixed   60,70 developer.harness.io        [ps]at\.
stackhawk-key       dotted         41    docs.stackhawk.com          hawk\.
tinybird-token      dotted         60,   tinybird.co/docs            p\.eyJ
mapbox-token        dotted         60,   docs.mapbox.com             sk\.eyJ
google-key          url            40,   ai.google.dev/docs          AQ\.A
google-key          url            30,   cloud.google.com/docs       AIza
bedrock-key         equals         80,   docs.aws.amazon.com/bedrock ABSK
atlassian-token     [A-Za-z0-9_=-] 80,   support.atlassian.com       ATATT ATCTT ATSTT
bitbucket-password  alnum          28,   support.atlassian.com       ATBB
trello-token        hex            60,   developer.atlassian.com     ATTA
jfrog-key           alnum          60,   jfrog.com/help              AKCp
square-token        url            56,   developer.squareup.com      EAAA
facebook-token      alnum          60,   developers.facebook.com     EAA
yandex-key          url            30,   yandex.cloud/docs           AQVN
alibaba-key         alnum+digit    12,24 alibabacloud.com/help       LTAI
tencent-key         alnum+digit    30,   cloud.tencent.com           AKID
adyen-key           [A-Za-z0-9+/=._-] 80,   docs.adyen.com              AQE
brave-key           url+mixed      24,   brave.com/search/api        BSA
twitter-token       [A-Za-z0-9%]   60,   developer.x.com             AAAAAAAAAAAAAAAAAAAA
databricks-token    hex            32    docs.databricks.com         dapi
easypost-key        alnum          54,   docs.easypost.com           EZ[AT]K
grafana-token       equals         40,   grafana.com/docs            eyJrIjoi
twilio-key          hex            32    twilio.com/docs             SK
jfrog-token         base64         50,   jfrog.com/help              cmVmdGtu
aws-session-token   equals         50,   docs.aws.amazon.com/sts     IQoJb3JpZ2lu FwoGZXIvYXdz
gitlab-token        url            20,   docs.gitlab.com/security/tokens GR1348941
cratesio-token      alnum+mixed    32    doc.rust-lang.org/cargo     cio
nuget-key           lower+digit    43    learn.microsoft.com/nuget   oy2
intercom-token      equals         40,   developers.intercom.com     dG9rO
volcengine-key      alnum+mixed    30,   volcengine.com/docs         AKLT
backblaze-key       base64+mixed   27    backblaze.com/docs          K00[0-9]
""")

FORMATS: Final = (*IRREGULAR, *_TABLE)
