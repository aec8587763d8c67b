-- A role and a schema for each subgraph, so that a compromised subgraph has no access to the tables of others.
-- The Postgres image runs this file once, for a new volume. For an existing database:
--   docker compose exec postgres psql -U tributary -d tributary -f /docker-entrypoint-initdb.d/roles.sql
\set ON_ERROR_STOP on
\getenv database POSTGRES_DB
\getenv order_password ORDER_DATABASE_PASSWORD
\getenv product_password PRODUCT_DATABASE_PASSWORD
\getenv user_password USER_DATABASE_PASSWORD
\getenv shipping_password SHIPPING_DATABASE_PASSWORD
\getenv inventory_password INVENTORY_DATABASE_PASSWORD

BEGIN;

REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;

CREATE ROLE "order" LOGIN PASSWORD :'order_password';
CREATE ROLE "product" LOGIN PASSWORD :'product_password';
CREATE ROLE "user" LOGIN PASSWORD :'user_password';
CREATE ROLE "shipping" LOGIN PASSWORD :'shipping_password';
CREATE ROLE "inventory" LOGIN PASSWORD :'inventory_password';

GRANT CONNECT ON DATABASE :"database" TO "order", "product", "user", "shipping", "inventory";

-- Transfers the ownership of schemas of an earlier version, with their tables.
CREATE SCHEMA IF NOT EXISTS "order";
CREATE SCHEMA IF NOT EXISTS "product";
CREATE SCHEMA IF NOT EXISTS "user";
CREATE SCHEMA IF NOT EXISTS "shipping";
CREATE SCHEMA IF NOT EXISTS "inventory";

DO $$
DECLARE
  owned record;
BEGIN
  FOR owned IN
    SELECT nspname AS name FROM pg_namespace WHERE nspname IN ('order', 'product', 'user', 'shipping', 'inventory')
  LOOP
    EXECUTE format('ALTER SCHEMA %I OWNER TO %I', owned.name, owned.name);
  END LOOP;
  FOR owned IN
    SELECT n.nspname AS schema, c.relname AS name, c.relkind AS kind
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('order', 'product', 'user', 'shipping', 'inventory')
      AND (c.relkind = 'r' OR c.relkind = 'S' AND NOT EXISTS (
        -- The sequence of an identity column changes with its table.
        SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i')))
  LOOP
    EXECUTE format('ALTER %s %I.%I OWNER TO %I',
      CASE owned.kind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, owned.schema, owned.name, owned.schema);
  END LOOP;
END
$$;

COMMIT;
