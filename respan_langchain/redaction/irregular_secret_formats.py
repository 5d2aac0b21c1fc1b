"""Formats of keys and tokens of which one alphabet and one length do not describe the tail."""

from typing import Final

from respan_langchain.redaction.secret_search import SecretFormat, expand, parse_table

# name, pattern of the tail, `short` if fewer than eight characters of tokens follow the prefix,
# source, prefixes (with a `*` if other characters of a word may come before)
_TABLE: Final = parse_table(r"""
huggingface-token  (?=[a-z]{0,60}[0-9A-Z])<alnum>{20,}   -     huggingface.co/docs hf_
sendgrid-key       <url>{16,}\.<url>{16,}                -     docs.sendgrid.com SG\.
zhipu-key          <mixed><alnum>{16}<end>               -     docs.bigmodel.cn <hex>{32}\.
discord-token      <url>{6}\.<url>{27,} - discord.com [MNO]<url>{23}\. [MNO]<url>{25}\.
slack-webhook slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_-]{20,} - api.slack.com hooks\.
discord-webhook    com/api/(?:v[0-9]{1,2}/)?webhooks/[0-9]{15,}/<url>{40,} - discord.com discord\.
discord-webhook com/api/(?:v[0-9]{1,2}/)?webhooks/[0-9]{15,}/<url>{40,} - discord.com discordapp\.
teams-webhook      com/webhook(?:b2)?/[A-Za-z0-9@/-]{40,} - learn.microsoft.com/teams *\.office\.
zapier-webhook     com/hooks/catch/[0-9]+/<lower>+       -     zapier.com hooks\.zapier\.
make-webhook       make\.com/<lower>{20,} - make.com/en/help hook\.[a-z]{2}[0-9]\.
feishu-webhook c(?:n|om)/open-apis/bot/v2/hook/<uuid> - open.feishu.cn *\.feishu\. *\.larksuite\.
wecom-webhook      qq\.com/cgi-bin/webhook/send\?key=<uuid> -     work.weixin.qq.com qyapi\.weixin\.
ifttt-key          com/[A-Za-z0-9_/-]{1,80}/key/<url>{20,} -     ifttt.com maker\.ifttt\.
mailchimp-key      us[0-9]{1,2}<end>                     short mailchimp.com/developer <hex>{32}-
doppler-token      (?:[a-z0-9_-]{2,35}\.)?<alnum>{40,}   -     docs.doppler.com dp\.st\.
bitwarden-token    <uuid>\.<alnum>{30}:<equals>{20,}     -     bitwarden.com/help 0\.
rancher-token      <lower>{5}:<lower>{54}<end> short ranchermanager.docs.rancher.com token-
salesforce-token   [A-Za-z0-9._]{80,} - developer.salesforce.com 00D<alnum>{12}! 00D<alnum>{15}!
asana-token        (?:[0-9]{10,20}/)?[0-9]{10,20}:<hex>{32}<end> -     developers.asana.com [0-2]/
fal-key            <hex>{12}:<hex>{32}<end> - docs.fal.ai <hex>{8}-<hex>{4}-<hex>{4}-<hex>{4}-
secret-token       token:[A-Za-z0-9_.~%-]{12,}           -     RFC_8959 secret-
hubspot-token      <uuid> - developers.hubspot.com pat-[a-z]{2}[0-9]-
launchdarkly-key   <uuid>                                -     docs.launchdarkly.com sdk- api- mob-
plaid-token        <uuid> - plaid.com/docs access-sandbox- access-development- access-production-
cloudflare-key     <hex>{24}-<hex>{60,}                  -     developers.cloudflare.com v1\.0-
aws-key            (?:KI|SI|BI|CC)A<upper>{16}<end>      -     docs.aws.amazon.com A
telegram-token     A<url>{33}(?!<url>)                   -     core.telegram.org/bots *[0-9]{8}:A
firebase-key       <url>{100,}                           -     firebase.google.com AAAA<url>{7}:A
newrelic-key       L<end>                                short docs.newrelic.com <hex>{36}NRA
azure-key          (?:St|MC|Ba)<base64>{4,6}={0,2}       -     learn.microsoft.com <base64>{76}\+A
azure-key          CDb<base64>{4,6}={0,2}                -     learn.microsoft.com <base64>{76}A
azure-devops-token ZDO<alnum>{4}                         short learn.microsoft.com <alnum>{76}A
azure-key          zFu<url>{5,8}={0,2}                   -     learn.microsoft.com <url>{44}A
azure-key          zSe<alnum>{5,8}                       -     learn.microsoft.com <alnum>{42}A
azure-key          QQJ99<alnum>{20,}                     -     learn.microsoft.com <alnum>{52}J
azure-secret       [A-Za-z0-9_.~-]{30,36} - learn.microsoft.com *[A-Za-z0-9_.~-]{3}[0-9]Q~
braintree-token (?:production|sandbox)\$<lower>{16}\$<hex>{32} - developer.paypal.com access_token\$
jwt                <url>{6,4000}\.eyJ<url>{6,}(?:\.<url>*)? -     RFC_7519 eyJ
google-token       0<url>{40,}                           -     developers.google.com/identity 1//
""")

IRREGULAR: Final = (
    SecretFormat(
        "private-key", "-----",
        r"BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?s:.*?)"
        r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z)", "RFC 7468",
        has_long_tail=False,
    ),
    SecretFormat(
        "private-key", "----",
        r" BEGIN SSH2 [A-Z ]{0,30}PRIVATE KEY ----(?s:.*?)"
        r"(?:---- END SSH2 [A-Z ]{0,40}KEY ----|\Z)", "RFC 4716", has_long_tail=False,
    ),
    SecretFormat(
        "private-key", "PuTTY-User-Key-File-",
        r"[0-9]:(?s:.*?)(?:Private-MAC:\s{0,3}[0-9a-f]+|\Z)", "chiark.greenend.org.uk/putty",
        has_long_tail=False,
    ),
    SecretFormat(
        "openai-key", "sk-", expand(
            r"(?!(?:proj|svcacct|admin|None|ant|or|lf|helicone)-)(?:[a-z]{2,10}-)?"
            r"(?:<mixed>[A-Za-z0-9_+/=-]{32,}|<digit><alnum>{16,}<end>)"
        ), "platform.openai.com",
    ),
    SecretFormat(
        "respan-key", r"[A-Za-z0-9]{8}\.", expand(
            r"(?=[A-Za-z]{0,31}[0-9])(?=[a-z0-9]{0,31}[A-Z])(?=[A-Z0-9]{0,31}[a-z])"
            r"<alnum>{32}<end>"
        ), "keyed by the platform",
    ),
    *_TABLE,
)  # fmt: skip
"""In the order in which they are tried where several match."""
