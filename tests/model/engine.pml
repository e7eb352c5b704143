/* The protocol of the memory engine, for exhaustive search: who locks, enters, takes, numbers and
 * returns in which order, and what a refusal must read before it may say SoldOut.  run_spin.sh runs
 * it, and every -DBUG_... variant, each of which must be refuted.
 *
 * One line of one unit; two shoppers, each with one reservation of one unit in a shard of its
 * own, who reserve, then confirm, cancel or walk away, each command at a time of its own; a reaper;
 * an operator who closes the sale, or pauses and resumes it.  Every access to memory that others
 * see without a lock is one step.  What is written `ghost` is for the proof alone.
 *
 * Proven at every step of every interleaving:
 *   no oversell     units taken and not returned <= UNITS
 *   lawful log      the fold of the events, in the order of their numbers, never goes wrong; no
 *                   reserve is numbered while the fold has the sale closed or paused
 *   honest SoldOut  it is answered only if at one instant within the call the sale was open and
 *                   what was available plus what had lapsed at the caller's `now` was none (I8)
 *   no deadlock; at the end every unit is available, held or sold, and counted so.
 */

#define BUYERS 2
#define UNITS 1
#define HOLD 1       /* a hold reserved at t lapses at t + HOLD */
#define LAST_TIME 1  /* commands carry a time from 0 to this */
#define NEVER 9
#define RECOMPUTING (-1)

mtype = { NONE, ACTIVE, PURCHASED, CANCELLED, EXPIRED };
mtype = { DONE, SOLD_OUT, SHUT };
mtype = { CLOSE, PAUSE, RESUME };

/* What the engine keeps. */
byte taken;                    /* the stock word: units reserved or sold */
byte entries;                  /* holds ever entered for expiry */
short earliest = NEVER;        /* lower bound over all shards; negative: being recomputed */
byte bound[BUYERS] = NEVER;    /* lower bound of each shard, written under its lock */
bool lock[BUYERS];
bool raising;                  /* the lock of whoever raises `earliest` */
byte marks;                    /* the control word: bit 0 closed, bit 1 paused, then a version */
mtype record[BUYERS] = NONE;   /* under the shard's lock */
byte deadline[BUYERS] = NEVER; /* of the record */

/* ghost: the fold of the events numbered so far. */
mtype fold[BUYERS] = NONE;
bool fold_closed, fold_paused;
byte fold_available = UNITS;
/* ghost: who has a unit out of the stock word. */
bool has_unit[BUYERS];
/* ghost: for every reserve under way its time, and whether SoldOut would be honest by now. */
bool calling[BUYERS];
byte asked_at[BUYERS];
bool may_say_sold_out[BUYERS];
/* scratch of Observe; 0 in between */
byte other;

#define IS_SHUT(word) (((word) & 3) != 0)
#define IS_LAPSED(j, t) (has_unit[j] && fold[j] != PURCHASED && deadline[j] <= (t))
#define LAPSED(t) (IS_LAPSED(0, t) + IS_LAPSED(1, t))
#define UNITS_OUT (has_unit[0] + has_unit[1])

/* ghost: to be called in the same step as every change of stock, fold or marks. */
inline Observe() {
  other = 0;
  do
  :: other < BUYERS ->
     if
     :: calling[other] && !IS_SHUT(marks) && UNITS - UNITS_OUT + LAPSED(asked_at[other]) < 1 ->
        may_say_sold_out[other] = true
     :: else
     fi;
     other++
  :: else -> break
  od;
  other = 0
}

inline Lock(shard) { atomic { !lock[shard] -> lock[shard] = true } }
inline Unlock(shard) { lock[shard] = false }

/* Gives the next number to an event about the hold of buyer `who`; the fold of the log takes it. */
inline NumberHold(who, to) {
  d_step {
    if
    :: to == ACTIVE ->
       assert(fold[who] == NONE);
       assert(!fold_closed && !fold_paused);
       assert(fold_available > 0);
       fold_available--
    :: to == PURCHASED -> assert(fold[who] == ACTIVE)
    :: else -> assert(fold[who] == ACTIVE); fold_available++
    fi;
    fold[who] = to;
    Observe()
  }
}

inline NumberAct(act) {
  d_step {
    if
    :: act == CLOSE -> fold_closed = true
    :: act == PAUSE -> fold_paused = true
    :: act == RESUME -> assert(fold_paused); fold_paused = false
    fi
  }
}

inline ReturnStock(who) {
  d_step { assert(has_unit[who]); taken--; has_unit[who] = false; Observe() }
}

/* ACTIVE -> CANCELLED or EXPIRED of a hold.  Under its shard's lock. */
inline GiveBack(who, to) {
  record[who] = to;
#ifdef BUG_RETURN_BEFORE_NUMBER
  ReturnStock(who);
  NumberHold(who, to)
#else
  NumberHold(who, to);
  ReturnStock(who)
#endif
}

/* The shard's bound goes to what its hold says.  Under its lock; only ever raises it. */
inline RaiseShard(shard) {
  if
  :: record[shard] == ACTIVE -> bound[shard] = deadline[shard]
  :: else -> bound[shard] = NEVER
  fi
}

/* Brings `earliest` up to the minimum of the shards' bounds, unless somebody entered meanwhile. */
inline Raise() {
  atomic { !raising -> raising = true };
#ifndef BUG_RAISE_WITHOUT_MARK
  earliest = RECOMPUTING;
#endif
  do
  :: mark = earliest;
     lowest = NEVER;
     shard = 0;
     do
     :: shard < BUYERS ->
        atomic {
          if
          :: bound[shard] < lowest -> lowest = bound[shard]
          :: else
          fi;
          shard++
        }
     :: else -> break
     od;
#ifdef BUG_RAISE_WITHOUT_MARK
     earliest = lowest;
     break
#else
     atomic {
       if
       :: earliest == mark -> earliest = lowest; break
       :: else
       fi
     }
#endif
  od;
  raising = false
}

/* Expires what has lapsed at `now`, shard by shard, holding no other lock. */
inline Reclaim(now) {
  shard = 0;
  do
  :: shard < BUYERS ->
     if
     :: bound[shard] <= now ->
#ifdef BUG_JUDGE_OUTSIDE_LOCK
        lapsed = (record[shard] == ACTIVE && deadline[shard] <= now);
        Lock(shard);
#else
        Lock(shard);
        lapsed = (record[shard] == ACTIVE && deadline[shard] <= now);
#endif
#ifdef BUG_RAISE_BEFORE_RETURN
        if
        :: lapsed -> bound[shard] = NEVER
        :: else
        fi;
#endif
        if
        :: lapsed -> GiveBack(shard, EXPIRED)
        :: else
        fi;
        RaiseShard(shard);
        Unlock(shard)
     :: else
     fi;
     shard++
  :: else -> break
  od;
  Raise();
  lapsed = false;
  shard = 0;
  lowest = 0;
  mark = 0
}

/* Makes every refusal that can see the unit taken see that it may lapse.  Under the shard's lock. */
inline Enter(me, lapses_at) {
  if
  :: bound[me] > lapses_at ->
#ifndef BUG_LOWER_SHARD_LAST
     bound[me] = lapses_at;
#endif
     do
     :: atomic {
          if
          :: earliest < 0 ->
#ifndef BUG_LEAVE_MARK
             earliest--;
#endif
             break
          :: earliest >= 0 && earliest > lapses_at -> earliest = lapses_at; break
          :: else -> break
          fi
        }
     od;
#ifdef BUG_LOWER_SHARD_LAST
     bound[me] = lapses_at
#endif
  :: else
  fi;
#ifndef BUG_NO_ENTRY_COUNT
  entries++
#endif
}

inline TakeStock(me, lapses_at) {
#ifdef BUG_LOST_CAS
  seen_taken = taken;
  d_step {
    took = (seen_taken < UNITS);
    if
    :: took -> taken = seen_taken + 1; has_unit[me] = true; deadline[me] = lapses_at
    :: else
    fi;
    seen_taken = 0;
    assert(UNITS_OUT <= UNITS);
    Observe()
  }
#else
  d_step {
    took = (taken < UNITS);
    if
    :: took -> taken++; has_unit[me] = true; deadline[me] = lapses_at
    :: else
    fi;
    assert(UNITS_OUT <= UNITS);
    Observe()
  }
#endif
}

inline Reserve(me, now) {
  atomic { calling[me] = true; asked_at[me] = now; Observe() };
  do
  :: seen_marks = marks;
     if
     :: IS_SHUT(seen_marks) -> answer = SHUT; break
     :: else
     fi;
     /* First without locks: most of a crowd is refused here. */
     seen_entries = entries;
     seen_earliest = earliest;
#ifdef BUG_STOCK_BEFORE_BOUND
     seen_earliest = 0;
     seen_taken = taken;
     seen_earliest = earliest;
#else
     seen_taken = taken;
#endif
     if
#ifndef BUG_NO_RECHECK
     :: entries != seen_entries -> goto again
#endif
     :: else
     fi;
     if
     :: marks != seen_marks -> goto again
     :: else
     fi;
     if
     :: seen_taken >= UNITS ->
#ifdef BUG_MARK_MEANS_NEVER
        if
        :: seen_earliest >= 0 && seen_earliest <= now ->
#else
        if
        :: seen_earliest <= now ->  /* being recomputed, too */
#endif
           Reclaim(now);
           goto again
        :: else -> answer = SOLD_OUT; break
        fi
     :: else
     fi;
     /* Then under the lock. */
     Lock(me);
     if
     :: IS_SHUT(marks) -> Unlock(me); answer = SHUT; break
     :: else
     fi;
#ifdef BUG_TAKE_FIRST
     TakeStock(me, now + HOLD);
     if
     :: took -> Enter(me, now + HOLD)
     :: else
     fi;
#else
     Enter(me, now + HOLD);
     TakeStock(me, now + HOLD);
#endif
     if
     :: took ->
        took = false;
#ifdef BUG_RECORD_AFTER_UNLOCK
        Unlock(me);
        NumberHold(me, ACTIVE);
        record[me] = ACTIVE;
#else
        NumberHold(me, ACTIVE);
        record[me] = ACTIVE;
        Unlock(me);
#endif
        answer = DONE;
        break
     :: else -> Unlock(me)
     fi;
again:
     seen_entries = 0;
     seen_earliest = 0;
     seen_taken = 0
  od;
  atomic {
    assert(answer != SOLD_OUT || may_say_sold_out[me]);
    calling[me] = false;
    asked_at[me] = 0;
    may_say_sold_out[me] = false;
    seen_marks = 0;
    seen_entries = 0;
    seen_earliest = 0;
    seen_taken = 0
  }
}

inline ConfirmOrCancel(me, now, to) {
  Lock(me);
  if
  :: record[me] == ACTIVE && now >= deadline[me] -> GiveBack(me, EXPIRED)
  :: record[me] == ACTIVE && now < deadline[me] ->
     if
     :: to == PURCHASED -> record[me] = PURCHASED; NumberHold(me, PURCHASED)
     :: else -> GiveBack(me, CANCELLED)
     fi
  :: else
  fi;
  Unlock(me)
}

proctype Buyer(byte me) {
  byte seen_marks, seen_entries, seen_taken, now, shard, lowest;
  short seen_earliest, mark;
  bool took, lapsed;
  mtype answer = NONE;

  select(now : 0 .. LAST_TIME);
  Reserve(me, now);
  if
  :: answer == DONE ->
     select(now : 0 .. LAST_TIME);
     if
     :: ConfirmOrCancel(me, now, PURCHASED)
     :: ConfirmOrCancel(me, now, CANCELLED)
     :: skip
     fi
  :: else
  fi
}

proctype Reaper() {
  byte shard, lowest;
  short mark;
  bool lapsed;
  Reclaim(LAST_TIME)
}

/* A closing act: with all shards locked nobody is between the look at the marks and the number. */
inline Shut(flag, act) {
#ifdef BUG_CLOSE_NO_LOCKS
  atomic { marks = marks | flag; Observe() };
  NumberAct(act)
#else
  shard = 0;
  do
  :: shard < BUYERS -> Lock(shard); shard++
  :: else -> break
  od;
  atomic { marks = marks | flag; Observe() };
  NumberAct(act);
  shard = 0;
  do
  :: shard < BUYERS -> Unlock(shard); shard++
  :: else -> break
  od;
  shard = 0
#endif
}

proctype Operator() {
  byte shard;
  if
  :: Shut(1, CLOSE)
  :: Shut(2, PAUSE);
#ifdef BUG_OPEN_BEFORE_NUMBER
     atomic { marks = (marks & 253) + 4; Observe() };
     NumberAct(RESUME)
#else
     NumberAct(RESUME);
     atomic { marks = (marks & 253) + 4; Observe() }
#endif
  :: skip
  fi
}

init {
  byte i, out;
  atomic {
    do
    :: i < BUYERS -> run Buyer(i); i++
    :: else -> break
    od;
    run Reaper();
    run Operator()
  };
  _nr_pr == 1;
  /* Everybody is done: stock word, records, fold and bounds tell the same. */
  d_step {
    i = 0;
    do
    :: i < BUYERS ->
       assert(record[i] == fold[i]);
       if
       :: record[i] == ACTIVE || record[i] == PURCHASED -> out++; assert(has_unit[i])
       :: else -> assert(!has_unit[i])
       fi;
       assert(record[i] != ACTIVE || (bound[i] <= deadline[i] && earliest <= deadline[i]));
       i++
    :: else -> break
    od;
    assert(out == taken);
    assert(fold_available + taken == UNITS);
    assert(earliest >= 0)
  }
}
