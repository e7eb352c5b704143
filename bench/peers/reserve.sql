-- One reserve, as a shop on PostgreSQL does it: limit per user, stock, hold with a deadline, and an
-- id that makes a resend safe.  One sale of one product.
CREATE TABLE stock (
  product integer PRIMARY KEY,
  units_left integer NOT NULL CHECK (units_left >= 0)
) WITH (fillfactor = 10);  -- room beside the row that all change

CREATE TABLE buyer (
  id uuid PRIMARY KEY,
  units integer NOT NULL
);

CREATE TABLE reservation (
  id uuid PRIMARY KEY,
  buyer uuid NOT NULL,
  units integer NOT NULL,
  deadline timestamptz NOT NULL
);
CREATE INDEX reservation_by_deadline ON reservation (deadline);

-- Answers 1: done, 2: done before, 3: the id is somebody else's, 4: limit reached; an error: sold
-- out, and then nothing was changed.
CREATE FUNCTION reserve(new_id uuid, new_buyer uuid, wanted integer, most integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  holder uuid;
BEGIN
  INSERT INTO reservation VALUES (new_id, new_buyer, wanted, now() + interval '5 minutes')
    ON CONFLICT (id) DO NOTHING;
  IF NOT FOUND THEN
    SELECT buyer INTO holder FROM reservation WHERE id = new_id;
    RETURN CASE WHEN holder = new_buyer THEN 2 ELSE 3 END;
  END IF;
  INSERT INTO buyer AS b VALUES (new_buyer, wanted)
    ON CONFLICT (id) DO UPDATE SET units = b.units + wanted WHERE b.units + wanted <= most;
  IF NOT FOUND THEN
    DELETE FROM reservation WHERE id = new_id;
    RETURN 4;
  END IF;
  -- Last, because whoever has changed it holds it until the commit is kept.
  UPDATE stock SET units_left = units_left - wanted WHERE product = 1 AND units_left >= wanted;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'sold out';
  END IF;
  RETURN 1;
END
$$;
