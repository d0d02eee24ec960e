/**
 * The shapes of what opens a door: passwords, keys and tokens, as errors and addresses have them. The formats of providers are those of the
 * lists of gitleaks (8.x) and secretlint (13.x), by the words that their tokens begin with. What no shape tells from other text stays:
 * docs/reference/telemetry.md#secrets-in-log-lines.
 */

export const PLACE = '…'

/** What names a secret, wherever it stands; a value with a digit may follow behind a blank. */
const names = String.raw`[\w.-]{0,40}(?:passw(?:or)?d|passphrase|pwd|secret|token|credentials?|signature|authorization|cookie|sess(?:ion)?[-_ ]?id|(?:api|access|account|admin|app|auth|client|deploy|encryption|functions|license|master|private|sas|secret|service|session|shared|signing|storage|subscription)[-_ ]?key|sharedaccesskey|(?<=[?&#])(?:sig|key|auth|code))`
/** Names of secrets only right before a sign that gives a value: `db_pass=`. */
const short = String.raw`\b(?:[\w.-]{0,40}[_.-])?(?:pass|pw|otp|sid|apikey)`
const kinds = '(?:bearer|basic|digest|token|apikey|negotiate|oauth|splunk|ssws)'
/** What gives a value to a name, also in a query that is encoded: `: [ '…' ]`, `=N'…'`, `%22%3A%22…`. */
const sign = String.raw`(?:\\?["'\x60]?\s{0,3}(?:=>|[:=])\s{0,3}(?:\[\s{0,3})?|(?:%5C)?(?:%2[27])?(?:%20)?%3[AD](?:%20)?)`
const value = `(?:\\\\?"[^"]*"?|N?'[^']*'?|\`[^\`]*\`?|[^\\s&;,)\\]}"']+)`

/** Words that tokens of providers begin with, before a sign and text with a digit in it. */
const begin = [
  ...[
    '[srp]k',
    'rk',
    'gh[opsur]',
    'github_pat',
    'xox[a-z]',
    'xapp',
    'hf',
    'api_org',
    'r8',
    'npm',
    'sb[pt]?',
    'SG',
    'whsec',
  ],
  ...[
    'gl(?:agent|cbt|dt|ffct|ft|imt|oas|pat|ptt|rt|soat)',
    'glc',
    'glsa',
    'shp[a-z]{2}',
    'shippo',
    'do[opr]_v1',
    'dp',
    'dt0c01',
  ],
  ...[
    'duffel',
    'fo1',
    'fm1[ar]',
    'fm2',
    'fio-u',
    'FLWSECK(?:_TEST)?',
    'ico',
    'lin_api',
    'ntn',
    'ops',
    'pplx',
    'pscale_(?:tkn|oauth|pw)',
  ],
  ...[
    'PMAK',
    'pnu',
    'pul',
    'pypi',
    'rdme',
    'rubygems',
    'tk-us',
    'xkeysib',
    'xsmtpsib',
    'sntry[su]',
    'sm_[aps]at',
    'sgp',
    'sq0[a-z]{3}',
  ],
  ...[
    'hv[bs]',
    'dckr_pat',
    'cf(?:k|ut|at)',
    'p8e',
    'A3',
    'AGE-SECRET-KEY',
    'HRKU',
    'CLOJARS',
    'gsk',
    'xai',
    'nvapi',
    'tvly',
    'fw',
    'dapi',
    'EAAA',
  ],
]

/** What finds a secret, and what takes its place. Each reads a text in time that grows with its length alone. */
export const secrets: readonly (readonly [RegExp, string])[] = [
  // -----BEGIN PRIVATE KEY-----
  [/-----BEGIN [A-Z ]*-----(?:(?!-----END)[\s\S])*(?:-----END [A-Z ]*-----)?/gu, PLACE],
  // hooks.slack.com/services/…, discord.com/api/webhooks/…, api.telegram.org/bot…/send
  [
    /\b((?:hooks\.slack\.com\/(?:services|workflows|triggers)|(?:canary\.|ptb\.)?discord(?:app)?\.com\/api\/webhooks|[\w-]{1,60}\.webhook\.office\.com\/webhookb2|IncomingWebhook)\/)[^\s"'<>]+/giu,
    `$1${PLACE}`,
  ],
  [/\b(bot)?\d{6,12}:[\w-]{30,}/gu, `$1${PLACE}`],
  // Authorization: any scheme and what follows it
  [
    /(\bauthorization(?:["'`],\s{0,3}["'`]|\\?["'`]?\s{0,3}(?:=>|[:=])\s{0,3}(?:\[\s{0,3})?\\?["'`]?))(?:[a-z][\w-]{0,30}\s{1,3})?[^\s"'`,;)\]}]+/giu,
    `$1${PLACE}`,
  ],
  // Cookie: a=…; b=…
  [/(\bcookie["'`]?\s{0,3}[:=]\s{0,3})["'`]?[^\s"'`,;]+(?:;\s{0,3}[^\s"'`,;]+)*/giu, `$1${PLACE}`],
  // password=…, "api_key": "…", ?access_token=…, AccountKey=…;
  [new RegExp(`((?:${names}|${short})${sign})(?:(?:${kinds}\\s+)?${value})`, 'giu'), `$1${PLACE}`],
  // ['x-api-key', '…']
  [/(["']x-[\w-]{0,40}(?:key|token|secret)["'],\s{0,3})(?:'[^']*'?|"[^"]*"?)/giu, `$1${PLACE}`],
  // key=…, code=…: not a name, and not the code of an error
  [
    new RegExp(
      `(\\b(?:key|code)${sign}["']?)(?=[A-Za-z!$%^*]*\\d)(?=[A-Z\\d!$%^*]*[a-z])(?=[a-z\\d!$%^*]*[A-Z])[A-Za-z\\d!$%^*]{7,}(?![-_./\\w])`,
      'gu',
    ),
    `$1${PLACE}`,
  ],
  // PASSWORD 'hunter2', IDENTIFIED BY 'hunter2', create user app identified by hunter2, <password>hunter2</password>, key="Password" value="hunter2"
  [
    /\b((?:passw(?:or)?d(?:\s(?:is|was))?|identified\s{1,3}by(?:\s{1,3}values)?)\s{1,3})(?:'[^']*'?|"[^"]*"?)/giu,
    `$1${PLACE}`,
  ],
  [
    /\b((?:user|role|connect\s{1,3}to)\s{1,3}[\w"$#.-]{1,130}\s{1,3}identified\s{1,3}by\s{1,3})[^\s"';,]+(?:\s{1,3}replace\s{1,3}[^\s;,]+)?/giu,
    `$1${PLACE}`,
  ],
  // OPENROWSET('SQLNCLI', 'db'; 'app'; 'hunter2', …)
  [
    /(\bopen(?:rowset|datasource)\s{0,3}\((?:\s{0,3}'[^']{0,200}'\s{0,3}[,;]){3}\s{0,3})'[^']*'?/giu,
    `$1${PLACE}`,
  ],
  [new RegExp(`(<${names}>)[^<\\s]+`, 'giu'), `$1${PLACE}`],
  [
    new RegExp(`(${names}["']\\s{0,3},?\\s{0,3}["']?value["']?\\s{0,3}[:=]\\s{0,3})${value}`, 'giu'),
    `$1${PLACE}`,
  ],
  // --password hunter2, --token abc, login app password hunter2, AUTH hunter2
  [
    /(--?(?:password|passwd|passphrase|pass|secret|token|(?:api|access|secret)-?key)\s{1,3})["']?[^\s"'-][^\s"']*/giu,
    `$1${PLACE}`,
  ],
  [/\b(login\s{1,3}\S{1,200}\s{1,3}password\s{1,3}|requirepass\s{1,3})\S+/giu, `$1${PLACE}`],
  // curl -u app:hunter2, mysql -phunter2, sqlcmd -P hunter2, redis-cli -a hunter2
  [/(\s(?:-u|--user|--proxy-user)[\s=]{0,3}["']?)(?!\d+:\d+\b)[^\s:"']{1,200}:[^\s"']+/gu, `$1${PLACE}`],
  [
    /\b((?:mysql|mysqldump|mariadb|sshpass|mongosh?|sqlcmd|osql|bcp)\b[^\n]{0,300}?\s-[pP]\s?)[^\s-]\S*/gu,
    `$1${PLACE}`,
  ],
  [/\b((?:redis-cli\b[^\n]{0,300}?\s-a|ldap[a-z]{3,10}\b[^\n]{0,300}?\s-w)\s)\S+/giu, `$1${PLACE}`],
  // A line of .pgpass: host:port:database:user:password
  [/((?:^|[\s"'])[\w.*-]{1,253}:(?:\d{1,5}|\*):[^\s:]{1,100}:[^\s:]{1,100}:)\S+/gu, `$1${PLACE}`],
  // API key 0123456789abcdef, password hunter2-hunter2
  [
    new RegExp(
      `(\\b${names}\\s(?:provided:\\s|is\\s|was\\s|of\\s)?["'\`]?)(?=\\S*\\d)[\\w~+/=.-]{8,}`,
      'giu',
    ),
    `$1${PLACE}`,
  ],
  [new RegExp(`\\b(${kinds}\\s+)(?:(?=\\S*[\\d=+/])[\\w~+/=.-]{6,}|[\\w~+/=.-]{20,})`, 'giu'), `$1${PLACE}`],
  // JSON Web Tokens
  [/\beyJ[\w-]{5,}(?:\.[\w-]*){1,4}/gu, PLACE],
  // What providers hand out: sk-…, ghp_…, xoxb-…, sb_secret_…
  [new RegExp(`\\b(?:${begin.join('|')})[-_.](?=[\\w.~-]*\\d)[\\w.~-]{7,}[\\w~-]`, 'gu'), PLACE],
  [
    /\b(?:A3T[A-Z\d]|A[BKS]IA|ACCA|AIza|LTAI|EZ[AT]K|GR1348941|dapi|4b1d|SK(?=[\da-f]{32}\b))[\w-]{12,}|\b(?:ya29\.|sha256~)[\w-]{12,}/gu,
    PLACE,
  ],
  [/(?<![\w~.-])[\w~.]{3}\dQ~[\w~.-]{31,34}/gu, PLACE],
  // user:password@host
  [/[\w.~%+-]{1,64}:[^\s:@/]{1,200}@(?=[\w.(-])/gu, `${PLACE}@`],
  // Oracle: thin:user/password@host, user/password@//host, user/password@host:1521, login user/password, sqlplus -s user/password@name
  [/\b((?:thin|oci8?):)[^\s/@]{1,64}\/[^\s@]{1,200}@/giu, `$1${PLACE}@`],
  [
    /(?<![^\s"'(=])"?[a-z][\w$#.[\]-]{0,64}"?\/[^\s/@]{1,200}@(?=\/\/|\(|(?!\d+(?:\.\d+){0,2}[-/])[\w.-]{1,253}(?::\d{2,5}\b|\/\w))/giu,
    `${PLACE}@`,
  ],
  [
    /\b((?:(?:log[io]n|conn(?:ect)?)(?=\s\S*[\d@])|sqlplus|sqlldr|expdp|impdp|userid)(?:\s{1,3}-[a-z]+)*[\s=]{1,3})"?[a-z][\w$#.[\]-]{0,64}"?\/(?!\d+\b)[^\s@]+/giu,
    `$1${PLACE}`,
  ],
  // key-…, secret_…: long ones, since a job may be called so
  [/\b(?:key|api|pat|secret|token)[-_](?=[\w-]*\d)\w{20,}/giu, PLACE],
  // Base64
  [/(?<![\w+/=.-])[\w+/]{20,}={1,2}(?![\w=])/gu, PLACE],
  // Long, and of large and small letters and digits; a part of a path is not
  [/(?<![\w+/=.-])(?=[\w+-]*\d)(?=[\w+-]*[a-z])(?=[\w+-]*[A-Z])[\w+-]{32,}={0,2}(?![\w/])/gu, PLACE],
]
