SET ROLE shop;

CREATE SCHEMA IF NOT EXISTS shop;

CREATE TABLE shop.schema_migrations (version int PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());

INSERT INTO shop.schema_migrations (version) VALUES (1), (2), (3), (4), (5), (6), (7);

CREATE TABLE shop.payments (
  id text PRIMARY KEY,
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'settled')),
  amount int NOT NULL CHECK (amount > 0),
  currency char(3) NOT NULL,
  reference text NOT NULL,
  customer text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  settled_at timestamptz
);

CREATE INDEX payments_reference ON shop.payments (reference);

CREATE TABLE shop.settlement_jobs (
  payment_id text PRIMARY KEY REFERENCES shop.payments (id) ON DELETE CASCADE,
  queued_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE shop.ledger (
  payment_id text PRIMARY KEY REFERENCES shop.payments (id) ON DELETE CASCADE,
  amount int NOT NULL,
  currency char(3) NOT NULL,
  booked_at timestamptz NOT NULL DEFAULT now()
);

