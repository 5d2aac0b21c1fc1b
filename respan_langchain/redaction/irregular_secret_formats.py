"""Formats of keys and tokens that no line of the table in `secret_formats.py` can describe."""

from typing import Final

from respan_langchain.redaction.secret_search import HAS_DIGIT, IS_MIXED, UUID, SecretFormat

_END: Final = "(?![A-Za-z0-9])"
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
        r"(?:---- END SSH2 [A-Z ]{0,40}KEY ----|\Z)",
        "RFC 4716", has_long_tail=False,
    ),
    SecretFormat(
        "private-key", "PuTTY-User-Key-File-",
        r"[0-9]:(?s:.*?)(?:Private-MAC:\s{0,3}[0-9a-f]+|\Z)", "chiark.greenend.org.uk/putty",
        has_long_tail=False,
    ),
    SecretFormat(
        "openai-key", "sk-",
        r"(?!(?:proj|svcacct|admin|None|ant|or|lf|helicone)-)(?:[a-z]{2,10}-)?"
        rf"(?:{IS_MIXED}[A-Za-z0-9_+/=-]{{32,}}|{HAS_DIGIT}[A-Za-z0-9]{{16,}}{_END})",
        "platform.openai.com",
    ),
    SecretFormat(
        "huggingface-token", "hf_", r"(?=[a-z]{0,60}[0-9A-Z])[A-Za-z0-9]{20,}",
        "huggingface.co/docs",
    ),
    SecretFormat(
        "sendgrid-key", r"SG\.", r"[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}", "docs.sendgrid.com"
    ),
    SecretFormat(
        "respan-key", r"[A-Za-z0-9]{8}\.",
        r"(?=[A-Za-z]{0,31}[0-9])(?=[a-z0-9]{0,31}[A-Z])(?=[A-Z0-9]{0,31}[a-z])"
        rf"[A-Za-z0-9]{{32}}{_END}", "keyed_by_the_platform",
    ),
    SecretFormat(
        "zhipu-key", r"[0-9a-f]{32}\.", rf"{IS_MIXED}[A-Za-z0-9]{{16}}{_END}", "docs.bigmodel.cn"
    ),
    *(
        SecretFormat(
            "discord-token", rf"[MNO][A-Za-z0-9_-]{{{width}}}\.",
            r"[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}", "discord.com/developers",
        )
        for width in (23, 25)
    ),
    SecretFormat(
        "slack-webhook", r"hooks\.",
        r"slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_-]{20,}", "api.slack.com",
    ),
    *(
        SecretFormat(
            "discord-webhook", prefix,
            r"com/api/(?:v[0-9]{1,2}/)?webhooks/[0-9]{15,}/[A-Za-z0-9_-]{40,}",
            "discord.com/developers",
        )
        for prefix in (r"discord\.", r"discordapp\.")
    ),
    SecretFormat(
        "teams-webhook", r"\.office\.", r"com/webhook(?:b2)?/[A-Za-z0-9@/-]{40,}",
        "learn.microsoft.com/teams", may_continue_word=True,
    ),
    SecretFormat(
        "zapier-webhook", r"hooks\.zapier\.", r"com/hooks/catch/[0-9]+/[a-z0-9]+", "zapier.com"
    ),
    SecretFormat(
        "make-webhook", r"hook\.[a-z]{2}[0-9]\.", r"make\.com/[a-z0-9]{20,}", "make.com/en/help"
    ),
    *(
        SecretFormat(
            "feishu-webhook", prefix, rf"c(?:n|om)/open-apis/bot/v2/hook/{UUID}",
            "open.feishu.cn/document", may_continue_word=True,
        )
        for prefix in (r"\.feishu\.", r"\.larksuite\.")
    ),
    SecretFormat(
        "wecom-webhook", r"qyapi\.weixin\.", rf"qq\.com/cgi-bin/webhook/send\?key={UUID}",
        "developer.work.weixin.qq.com",
    ),
    SecretFormat(
        "ifttt-key", r"maker\.ifttt\.", r"com/[A-Za-z0-9_/-]{1,80}/key/[A-Za-z0-9_-]{20,}",
        "ifttt.com",
    ),
    SecretFormat(
        "mailchimp-key", "[0-9a-f]{32}-", f"us[0-9]{{1,2}}{_END}", "mailchimp.com/developer",
        has_long_tail=False,
    ),
    SecretFormat(
        "doppler-token", r"dp\.st\.", r"(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{40,}",
        "docs.doppler.com",
    ),
    SecretFormat(
        "bitwarden-token", r"0\.", rf"{UUID}\.[A-Za-z0-9]{{30}}:[A-Za-z0-9+/=]{{20,}}",
        "bitwarden.com/help",
    ),
    SecretFormat(
        "rancher-token", "token-", rf"[a-z0-9]{{5}}:[a-z0-9]{{54}}{_END}",
        "ranchermanager.docs.rancher.com", has_long_tail=False,
    ),
    *(
        SecretFormat(
            "salesforce-token", f"00D[A-Za-z0-9]{{{width}}}!", r"[A-Za-z0-9._]{80,}",
            "developer.salesforce.com",
        )
        for width in (12, 15)
    ),
    SecretFormat(
        "asana-token", "[0-2]/", rf"(?:[0-9]{{10,20}}/)?[0-9]{{10,20}}:[0-9a-f]{{32}}{_END}",
        "developers.asana.com",
    ),
    SecretFormat(
        "fal-key", "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-",
        rf"[0-9a-f]{{12}}:[0-9a-f]{{32}}{_END}", "docs.fal.ai",
    ),
    SecretFormat("secret-token", "secret-", r"token:[A-Za-z0-9_.~%-]{12,}", "RFC 8959"),
    SecretFormat("hubspot-token", "pat-[a-z]{2}[0-9]-", UUID, "developers.hubspot.com"),
    SecretFormat("launchdarkly-key", "sdk-", UUID, "docs.launchdarkly.com"),
    SecretFormat("launchdarkly-key", "api-", UUID, "docs.launchdarkly.com"),
    SecretFormat("launchdarkly-key", "mob-", UUID, "docs.launchdarkly.com"),
    SecretFormat("plaid-token", "access-sandbox-", UUID, "plaid.com/docs"),
    SecretFormat("plaid-token", "access-development-", UUID, "plaid.com/docs"),
    SecretFormat("plaid-token", "access-production-", UUID, "plaid.com/docs"),
    SecretFormat(
        "cloudflare-key", r"v1\.0-", r"[0-9a-f]{24}-[0-9a-f]{60,}", "developers.cloudflare.com"
    ),
    SecretFormat("aws-key", "A", rf"(?:KI|SI|BI|CC)A[A-Z0-9]{{16}}{_END}", "docs.aws.amazon.com"),
    SecretFormat(
        "telegram-token", "[0-9]{8}:A", "A[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])",
        "core.telegram.org/bots", may_continue_word=True,
    ),
    SecretFormat(
        "firebase-key", "AAAA[A-Za-z0-9_-]{7}:A", "[A-Za-z0-9_-]{100,}", "firebase.google.com"
    ),
    SecretFormat(
        "newrelic-key", "[0-9a-f]{36}NRA", f"L{_END}", "docs.newrelic.com", has_long_tail=False
    ),
    SecretFormat(
        "azure-key", r"[A-Za-z0-9+/]{76}\+A", r"(?:St|MC|Ba)[A-Za-z0-9+/]{4,6}={0,2}",
        "learn.microsoft.com/azure",
    ),
    SecretFormat(
        "azure-key", "[A-Za-z0-9+/]{76}A", "CDb[A-Za-z0-9+/]{4,6}={0,2}",
        "learn.microsoft.com/azure",
    ),
    SecretFormat(
        "azure-devops-token", "[A-Za-z0-9]{76}A", "ZDO[A-Za-z0-9]{4}", "learn.microsoft.com/azure",
        has_long_tail=False,
    ),
    SecretFormat(
        "azure-key", "[A-Za-z0-9_-]{44}A", "zFu[A-Za-z0-9_-]{5,8}={0,2}",
        "learn.microsoft.com/azure",
    ),
    SecretFormat(
        "azure-key", "[A-Za-z0-9]{42}A", "zSe[A-Za-z0-9]{5,8}", "learn.microsoft.com/azure"
    ),
    SecretFormat(
        "azure-key", "[A-Za-z0-9]{52}J", "QQJ99[A-Za-z0-9]{20,}", "learn.microsoft.com/azure"
    ),
    SecretFormat(
        "azure-secret", "[A-Za-z0-9_.~-]{3}[0-9]Q~", "[A-Za-z0-9_.~-]{30,36}",
        "learn.microsoft.com/entra", may_continue_word=True,
    ),
    SecretFormat(
        "braintree-token", r"access_token\$",
        r"(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}", "developer.paypal.com/braintree",
    ),
    SecretFormat(
        "jwt", "eyJ", r"[A-Za-z0-9_-]{6,4000}\.eyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*)?",
        "RFC 7519",
    ),
    SecretFormat("google-token", "1//", "0[A-Za-z0-9_-]{40,}", "developers.google.com/identity"),
)  # fmt: skip
