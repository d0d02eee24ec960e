-- What programs name is in schema public: the functions that they call, and the tables that people and Realtime read. All else is in schema
-- interlock, which the API of Supabase does not expose. With `migrate --schema` all is in the schema that it names.
create schema if not exists interlock;
