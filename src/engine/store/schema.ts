/**
 * What lies by default in `public` and in `interlock` lies in one schema, if it is given. SQL is written with the default's names; this is the
 * one place that turns them into those of such an installation: of objects and of schemas, of channels and of advisory locks, and
 * the commands that hints name.
 */
const names: readonly (readonly [RegExp, string])[] = [
  [/\b(?:public|interlock)\.(?=job_queue_)/g, '$NAME.'],
  [/(?:'public'::regnamespace|to_regnamespace\('public'\)|\('public'\)), (?=\S{0,20}'interlock')/g, ''],
  [/'interlock'(?=::regnamespace|\)|, 'usage'\))/g, "'$NAME'"],
  [/to_regclass\('interlock\.' \|\|/g, "to_regclass('$NAME.' ||"],
  [/\bschema (if not exists )?interlock\b/g, 'schema $1$NAME'],
  // A session that writes to these tables: with the name, else it writes to those of another installation.
  [/\("\?public"\?\\\\\.\)\?/g, '"?$NAME"?\\\\.'],
  [/(pg_notify\('interlock(?:_answers)?)'/g, "$1:$NAME'"],
  // All installations look at the same tables of the user, so one migrates after the other.
  [/(hashtextextended\('interlock\.)(?!migrate')/g, '$1$NAME.'],
  [/\b(interlock(?:-queue)? migrate\b)(?! --schema)/g, '$1 --schema $NAME'],
]

/**
 * SQL, or a message about it, as it is for an installation in a schema of its own.
 * @param schema undefined: the default, whose names it is written with
 */
export const inSchema = (sql: string, schema: string | undefined): string =>
  schema === undefined
    ? sql
    : names.reduce(
        (text, [name, becomes]) =>
          text.replace(
            name,
            becomes.replaceAll('$NAME', () => schema),
          ),
        sql,
      )

/** The channel on which an installation says that there is news. */
export const channelIn = (schema: string | undefined): string =>
  schema === undefined ? 'interlock' : `interlock:${schema}`
