/**
 * What opens a door is in no line of the log. The formats of tokens are those of the lists of gitleaks and secretlint; the samples are made
 * here, so that no list and no scanner finds a token in this file.
 */
import { describe, expect, it } from 'vitest'
import { safeBeginning } from '../../../src/engine/events/index.ts'

/** One secret of so many letters and digits, the same in each run. */
const letters = (alphabet: string, count: number) =>
  Array.from({ length: count }, (_, i) => alphabet[(i * 7 + 3) % alphabet.length]).join('')
const hex = (count: number) => letters('0123456789abcdef', count)
const mixed = (count: number) => letters('aZ3kQ9xB7mT2', count)
const secret = 'hunter2Xy7'

const shapes: readonly (readonly [what: string, text: string, secret: string])[] = [
  [
    'an Azure storage account',
    `DefaultEndpointsProtocol=https;AccountName=a;AccountKey=${mixed(86)}==;E=1`,
    mixed(86),
  ],
  ['an Azure service bus', `Endpoint=sb://x.servicebus.windows.net/;SharedAccessKey=${secret}+1=`, secret],
  ['an Azure SAS address', `https://x.blob.core.windows.net/c?sv=1&sig=${secret}%3D&se=2`, secret],
  ['an Azure client secret', `client value abc8Q~${mixed(33)} is over`, mixed(33)],
  ['a Slack hook', `POST https://hooks.slack.com/services/T0/B0/${mixed(24)}: 404`, mixed(24)],
  ['a Slack workflow', `POST https://hooks.slack.com/workflows/T0/A0/1/${mixed(24)}`, mixed(24)],
  ['a Discord hook', `POST https://discord.com/api/webhooks/1/${mixed(60)}`, mixed(60)],
  [
    'a Teams hook',
    `https://x.webhook.office.com/webhookb2/${hex(8)}@fedcba98/IncomingWebhook/${hex(32)}/1`,
    hex(32),
  ],
  ['a Telegram address', `https://api.telegram.org/bot123456789:${mixed(35)}/sendMessage: 400`, mixed(35)],
  ['a Telegram token', `token of bot 123456789:${mixed(35)}`, mixed(35)],
  ['db_pass', `db_pass=${secret}`, secret],
  ['DB_PASS in an environment', `env: DB_PASS=${secret} DB_HOST=db`, secret],
  ['pass', `host=db pass: '${secret}'`, secret],
  ['pw', `user=app;pw=${secret};`, secret],
  ['-u of curl', `curl -u app:${secret} https://example.org/`, secret],
  ['--user of curl', `curl --user "app:${secret}" https://example.org/`, secret],
  ['-p of mysql', `mysql -h db -uroot -p${secret} app`, secret],
  ['--password of a command', `psql --password ${secret} --host db`, secret],
  ['--token of a command', `npx deploy --token ${secret}`, secret],
  ['--password=', `mongo --password=${secret}`, secret],
  ['a line of .pgpass', `db.example.org:5432:app:app:${secret}`, secret],
  ['a line of .pgpass with stars', `*:*:*:app:${secret}`, secret],
  ['.netrc', `machine example.org login app password ${secret}`, secret],
  ['requirepass of Redis', `requirepass ${secret}`, secret],
  ['ALTER USER', `ALTER USER app WITH PASSWORD '${secret}'`, secret],
  ['IDENTIFIED BY', `create user app identified by '${secret}'`, secret],
  ['a JDBC address of Oracle', `jdbc:oracle:thin:app/${secret}@//db:1521/x`, secret],
  ['a DSN of Go', `app:${secret}@tcp(db:3306)/app`, secret],
  ['an ODBC string', `Driver={x};Server=db;Uid=app;Pwd=${secret};`, secret],
  ['XML', `<password>${secret}</password>`, secret],
  ['a setting in XML', `<add key="Password" value="${secret}" />`, secret],
  ['a pair in JSON', `{"name":"api_key","value":"${secret}"}`, secret],
  ['YAML', `database:\n  password: ${secret}`, secret],
  ['Ruby', `{:password=>"${secret}"}`, secret],
  ['a header of another scheme', `Authorization: Splunk ${secret}`, secret],
  [
    'a header of AWS',
    `authorization: AWS4-HMAC-SHA256 Credential=x, SignedHeaders=host, Signature=${hex(64)}`,
    hex(64),
  ],
  ['a header of a subscription', `Ocp-Apim-Subscription-Key: ${secret}`, secret],
  ['a header of Azure functions', `x-functions-key: ${secret}`, secret],
  ['a session', `Cookie lost: sessionid=${secret}`, secret],
  ['a PHP session', `PHPSESSID: session_id=${secret}`, secret],
  ['Laravel', `APP_KEY=base64:${mixed(43)}=`, mixed(43)],
  [
    'a private key',
    `-----BEGIN OPENSSH PRIVATE KEY-----\n${mixed(64)}\n-----END OPENSSH PRIVATE KEY-----`,
    mixed(64),
  ],
  ['a private key that is cut', `-----BEGIN RSA PRIVATE KEY-----\n${mixed(64)}`, mixed(64)],
  ['a private key in JSON', `{"private_key":"-----BEGIN PRIVATE KEY-----\\n${mixed(40)}"}`, mixed(40)],
  ['age', `AGE-SECRET-KEY-1${letters('QPZRY9X8', 58)}`, letters('QPZRY9X8', 58)],
  ['a one-time code', `otp=918273`, '918273'],
  ...(
    [
      ['1Password', `A3-${letters('AB12', 6)}-`, 11],
      ['Anthropic', 'sk-ant-api03-', 90],
      ['OpenAI', 'sk-proj-', 74],
      ['OpenAI, old', 'sk-', 48],
      ['Stripe', 'sk_live_', 24],
      ['Stripe, restricted', 'rk_live_', 24],
      ['GitHub', 'ghp_', 36],
      ['GitHub, fine-grained', 'github_pat_', 82],
      ['GitLab', 'glpat-', 20],
      ['a GitLab runner', 'glrt-', 20],
      ['a GitLab deployment', 'gldt-', 20],
      ['a Grafana account', 'glsa_', 32],
      ['Grafana cloud', 'glc_', 40],
      ['a Slack bot', 'xoxb-123456789012-', 24],
      ['a Slack app', 'xapp-1-A0-', 24],
      ['Hugging Face', 'hf_', 34],
      ['Replicate', 'r8_', 37],
      ['npm', 'npm_', 36],
      ['PyPI', 'pypi-', 60],
      ['RubyGems', 'rubygems_', 48],
      ['Docker', 'dckr_pat_', 27],
      ['Cloudflare', 'cfut_', 48],
      ['DigitalOcean', 'dop_v1_', 64],
      ['Doppler', 'dp.pt.', 43],
      ['Databricks', 'dapi', 32],
      ['Dynatrace', `dt0c01.${mixed(24)}.`, 64],
      ['Fly', 'fo1_', 43],
      ['Linear', 'lin_api_', 40],
      ['Notion', 'ntn_', 46],
      ['Perplexity', 'pplx-', 48],
      ['PlanetScale', 'pscale_pw_', 40],
      ['Postman', 'PMAK-', 24],
      ['Pulumi', 'pul-', 40],
      ['SendGrid', `SG.${mixed(22)}.`, 43],
      ['Brevo', 'xkeysib-', 64],
      ['Sentry', 'sntryu_', 64],
      ['Shippo', 'shippo_live_', 40],
      ['Shopify', 'shpat_', 32],
      ['Sourcegraph', 'sgp_', 40],
      ['Square', 'sq0atp-', 22],
      ['Supabase', 'sb_secret_', 31],
      ['Vault', 'hvs.', 90],
      ['Google', 'AIza', 35],
      ['Google OAuth', 'ya29.', 60],
      ['AWS', 'AKIA', 16],
      ['AWS, temporary', 'ASIA', 16],
      ['Alibaba', 'LTAI', 20],
      ['EasyPost', 'EZAK', 54],
      ['OpenShift', 'sha256~', 43],
      ['Groq', 'gsk_', 52],
      ['xAI', 'xai-', 80],
      ['NVIDIA', 'nvapi-', 64],
      ['Fireworks', 'fw_', 24],
      ['a hook of Stripe', 'whsec_', 32],
    ] as const
  ).map(
    ([who, begin, count]) =>
      [`a token of ${who}`, `the key ${begin}${mixed(count)} was refused`, mixed(count)] as const,
  ),
]

describe('no line of the log has', () => {
  it.each(shapes)('%s', (_, text, hidden) => {
    const said = safeBeginning(text, 4_000)
    for (let at = 0; at + 6 <= hidden.length; at++) expect(said).not.toContain(hidden.slice(at, at + 6))
    expect(said).toContain('…')
  })
})

describe('what is no secret stays, since it says what is wrong', () => {
  it.each([
    'null value in column "partition_key" of relation "jobs"',
    'foreign_key=orders_customer_fk is violated',
    '3 tests pass, 1 fails',
    'the pass took 16 rows: 4 more to go',
    'compass: north',
    'bypass: 4 jobs',
    'ratio 16:9 at 10:30:15, 2026-11-24T15:00:00Z',
    'connect to 10.0.0.7:5432 failed',
    'model black-forest-labs/flux-1.1-pro@2026-11 is not there',
    'npm/left-pad@1.3.0 is not there',
    'user app@db.example.org is not known',
    'drwxr-xr-x app:app 4096 /srv',
    'docker run -u 1000:1000 flux',
    'job sk-1 waits for do-2 and r8',
    'the image sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 is gone',
    'fw_update needs dp-12',
    'https://hooks.slack.com is away',
    'the key is not known',
  ])('%s', (text) => expect(safeBeginning(text, 4_000)).toBe(text))
})
