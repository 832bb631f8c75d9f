/*
 * load.c - a load generator that speaks the ZooKeeper client protocol by hand.
 *
 * One epoll loop per thread, each owning its connections whole; the main thread only keeps the time and prints. Compiled
 * when a benchmark starts (cc -O2 -pthread). It talks to 127.0.0.1 only, is bounded in count and time and ends by itself.
 *
 * It believes nothing: every reply is checked for xid order, error 0, a zxid that never falls, the data bytes that some
 * writer really wrote for that node, and reads that see the connection's own writes. The first failed check ends the run
 * with exit code 3, so a figure is only ever printed for a server that answered everything rightly.
 *
 * A value of at least 16 bytes describes itself, so that any reader can check it without knowing its writer:
 *
 *     0        4         8      12       16
 *     +--------+---------+------+--------+------------------------------------+
 *     | node   | writer  | seq  | ~node  | filler: words derived from the rest |
 *     +--------+---------+------+--------+------------------------------------+
 *
 * Shorter values hold only filler derived from the node.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { OP_CREATE = 1, OP_GET = 4, OP_SET = 5, OP_PING = 11, OP_CLOSE = -11 };
enum { XID_PING = -2, ERR_NODE_EXISTS = -110 };
enum { EXIT_USAGE = 2, EXIT_CHECK = 3, EXIT_DEADLINE = 4, EXIT_CONNECTION = 5 };
enum { CONNECTIONS_MAX = 20000, THREADS_MAX = 64, OUTSTANDING_MAX = 1 << 16, PATH_MAX_BYTES = 200, PORTS_MAX = 16, STAT_BYTES = 68 };
enum { OWN_WRITES = 256 };

typedef enum { W_NONE, W_GET, W_SET, W_CREATE, W_MIXED } workload;

static struct {
  int ports[PORTS_MAX], port_count, connections, outstanding, threads, session_timeout_ms;
  workload work;
  double read_ratio, rate, warmup_s, seconds, deadline_s;
  uint64_t operations, seed;
  uint32_t nodes, fanout, value_bytes;
  bool setup;
  const char *root, *tag;
} opt = {.connections = 1, .outstanding = 1, .threads = 1, .session_timeout_ms = 30000, .work = W_NONE, .read_ratio = 0.9,
         .warmup_s = 0, .seconds = 0, .deadline_s = 120, .seed = 1, .nodes = 1000, .value_bytes = 100, .root = "/bench", .tag = "0"};

static uint64_t deadline_ns;   /* nobody works past it */
static uint64_t measure_start_ns, measure_end_ns; /* written by main between two barriers */
static pthread_barrier_t barrier;

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static void die(int code, const char *format, ...) {
  va_list args;
  va_start(args, format);
  fprintf(stderr, "load: ");
  vfprintf(stderr, format, args);
  fprintf(stderr, "\n");
  va_end(args);
  exit(code);
}

static void put32(uint8_t *p, uint32_t v) { v = htobe32(v); memcpy(p, &v, 4); }
static uint32_t get32(const uint8_t *p) { uint32_t v; memcpy(&v, p, 4); return be32toh(v); }
static int64_t get64(const uint8_t *p) { uint64_t v; memcpy(&v, p, 8); return (int64_t)be64toh(v); }

static uint64_t mix64(uint64_t x) {
  x ^= x >> 30; x *= 0xbf58476d1ce4e5b9ull;
  x ^= x >> 27; x *= 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

/* ---- latency histogram: 64 linear steps per power of two of nanoseconds, so an error below 1.6 % ------------------- */

enum { STEPS = 64, BUCKETS = 59 * STEPS };
typedef struct { uint64_t count[BUCKETS], total, max, sum; } histogram;

static int bucket_of(uint64_t ns) {
  if (ns < STEPS) return (int)ns;
  int shift = 63 - __builtin_clzll(ns) - 6;
  return (shift + 1) * STEPS + (int)((ns >> shift) - STEPS);
}

static double bucket_ns(int bucket) { /* middle of the bucket */
  if (bucket < STEPS) return bucket;
  int shift = bucket / STEPS - 1;
  return ((double)(bucket % STEPS + STEPS) + 0.5) * (double)(1ull << shift);
}

static void record(histogram *h, uint64_t ns) {
  h->count[bucket_of(ns)]++;
  h->total++;
  h->sum += ns;
  if (ns > h->max) h->max = ns;
}

static void merge(histogram *into, const histogram *from) {
  for (int i = 0; i < BUCKETS; i++) into->count[i] += from->count[i];
  into->total += from->total;
  into->sum += from->sum;
  if (from->max > into->max) into->max = from->max;
}

static double percentile_us(const histogram *h, double q) {
  if (h->total == 0) return 0;
  uint64_t rank = (uint64_t)(q * (double)h->total), seen = 0;
  if (rank >= h->total) rank = h->total - 1;
  for (int i = 0; i < BUCKETS; i++) {
    seen += h->count[i];
    if (seen > rank) {
      double ns = bucket_ns(i);
      return (ns > (double)h->max ? (double)h->max : ns) / 1000;
    }
  }
  return (double)h->max / 1000;
}

/* ---- connections ---------------------------------------------------------------------------------------------------- */

typedef struct { uint64_t start_ns; int32_t xid; uint32_t node, seq; int16_t op; bool parent; } pending;
typedef struct { uint32_t node; int64_t zxid; } own_write;

typedef struct {
  int fd, id;
  int32_t xid;             /* of the last request sent */
  uint32_t seq;            /* of the last value or name this connection wrote */
  int64_t zxid, write_zxid;/* highest seen on any reply / on a reply to a write. Invariant: write_zxid <= zxid */
  uint64_t last_send_ns;
  int pings;               /* sent and not yet answered */
  bool wants_write, closing;
  pending *ring;           /* requests without a reply, oldest first; ring_size is a power of two */
  uint32_t head, tail, ring_size;
  uint8_t *in, *out;
  size_t in_length, in_size, out_start, out_length, out_size;
  own_write own[OWN_WRITES]; /* direct-mapped: the last write this connection made to some nodes */
} connection;

typedef struct worker {
  int index, epoll, timer;
  connection **mine;
  int count, round;        /* round: the next connection an open loop gives work to */
  uint64_t random;
  /* what this phase still has to send */
  enum { P_PARENTS, P_NODES, P_WORK, P_CLOSE } phase;
  uint64_t next_item, items_end, scheduled;
  uint64_t measured_reads, measured_writes, done;
  histogram reads, writes;
  double cpu_start_s, cpu_s;
  bool cpu_started, cpu_ended;
} worker;

static uint64_t next_random(worker *w) {
  w->random ^= w->random << 13;
  w->random ^= w->random >> 7;
  return w->random ^= w->random << 17;
}

static uint32_t random_node(worker *w) { return (uint32_t)(((next_random(w) >> 32) * (uint64_t)opt.nodes) >> 32); }

static int node_path(char *path, uint32_t node) {
  if (opt.fanout == 0) return sprintf(path, "%s/n%08u", opt.root, node);
  return sprintf(path, "%s/p%06u/n%08u", opt.root, node / opt.fanout, node);
}

static int created_path(char *path, const connection *c, uint32_t seq) {
  return sprintf(path, "%s/%s-%04d-%09u", opt.root, opt.tag, c->id, seq);
}

static void filler(uint8_t *p, uint32_t length, uint64_t base) {
  uint64_t word = base;
  while (length >= 8) {
    word = word * 0x9e3779b97f4a7c15ull + 0x7f4a7c15;
    memcpy(p, &word, 8);
    p += 8;
    length -= 8;
  }
  word = word * 0x9e3779b97f4a7c15ull + 0x7f4a7c15;
  memcpy(p, &word, length);
}

static void make_value(uint8_t *p, uint32_t length, uint32_t node, uint32_t writer, uint32_t seq) {
  if (length < 16) {
    filler(p, length, mix64(node));
    return;
  }
  put32(p, node);
  put32(p + 4, writer);
  put32(p + 8, seq);
  put32(p + 12, ~node);
  filler(p + 16, length - 16, mix64(((uint64_t)node << 32 | writer) ^ mix64(seq)));
}

static void check_value(const connection *c, const uint8_t *p, uint32_t length, uint32_t node) {
  static __thread uint8_t *expected;
  static __thread uint32_t expected_size;
  if (length != opt.value_bytes) die(EXIT_CHECK, "connection %d: node %u has %d data bytes, %u were written", c->id, node, (int)length, opt.value_bytes);
  if (expected_size < length) expected = realloc(expected, expected_size = length);
  make_value(expected, length, node, length < 16 ? 0 : get32(p + 4), length < 16 ? 0 : get32(p + 8));
  if (length > 0 && memcmp(expected, p, length) != 0) die(EXIT_CHECK, "connection %d: the data of node %u is not what any writer wrote", c->id, node);
}

static void read_exactly(int fd, uint8_t *p, size_t length) {
  while (length > 0) {
    ssize_t n = recv(fd, p, length, 0);
    if (n <= 0) die(EXIT_CONNECTION, "server closed the connection during the handshake");
    p += n;
    length -= (size_t)n;
  }
}

static connection *open_connection(int id) {
  connection *c = calloc(1, sizeof *c);
  c->id = id;
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int port = opt.ports[id % opt.port_count];
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct timeval patience = {.tv_sec = 30};
  int one = 1;
  setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(c->fd, (struct sockaddr *)&address, sizeof address) != 0) die(EXIT_CONNECTION, "connect to port %d: %s", port, strerror(errno));
  uint8_t request[49] = {0};
  put32(request, 45);
  put32(request + 16, (uint32_t)opt.session_timeout_ms);
  put32(request + 28, 16);
  if (send(c->fd, request, sizeof request, MSG_NOSIGNAL) != sizeof request) die(EXIT_CONNECTION, "send of the ConnectRequest: %s", strerror(errno));
  uint8_t reply[41];
  read_exactly(c->fd, reply, sizeof reply);
  if (get32(reply) != 37 || get32(reply + 8) == 0 || get64(reply + 12) == 0) die(EXIT_CHECK, "no session was given");
  /* Pings follow the negotiated timeout, not the one asked for. */
  if ((int)get32(reply + 8) < opt.session_timeout_ms) opt.session_timeout_ms = (int)get32(reply + 8);
  c->ring_size = 1;
  while (c->ring_size < (uint32_t)opt.outstanding + 1) c->ring_size *= 2;
  c->ring = calloc(c->ring_size, sizeof *c->ring);
  c->in_size = 65536;
  c->in = malloc(c->in_size);
  c->out_size = 65536;
  c->out = malloc(c->out_size);
  c->last_send_ns = now_ns();
  return c;
}

static uint32_t outstanding(const connection *c) { return c->tail - c->head; }

/* ---- requests --------------------------------------------------------------------------------------------------------- */

static uint8_t *claim(connection *c, size_t length) {
  if (c->out_start > 0 && c->out_length == 0) c->out_start = 0;
  size_t need = c->out_start + c->out_length + length;
  if (need > c->out_size) {
    while (c->out_size < need) c->out_size *= 2;
    c->out = realloc(c->out, c->out_size);
  }
  uint8_t *p = c->out + c->out_start + c->out_length;
  c->out_length += length;
  return p;
}

static const uint8_t OPEN_ACL[] = {0, 0, 0, 1, 0, 0, 0, 31, 0, 0, 0, 5, 'w', 'o', 'r', 'l', 'd', 0, 0, 0, 6, 'a', 'n', 'y', 'o', 'n', 'e'};

static void request(connection *c, int op, const char *path, int path_length, uint32_t node, bool parent, uint64_t start_ns) {
  uint32_t value = op == OP_GET || parent ? 0 : opt.value_bytes;
  size_t body = 4 + (size_t)path_length;
  if (op == OP_GET) body += 1;
  if (op == OP_SET) body += 4 + value + 4;
  if (op == OP_CREATE) body += 4 + value + sizeof OPEN_ACL + 4;
  uint8_t *p = claim(c, 12 + body);
  c->xid = c->xid == INT32_MAX ? 1 : c->xid + 1;
  put32(p, (uint32_t)(8 + body));
  put32(p + 4, (uint32_t)c->xid);
  put32(p + 8, (uint32_t)op);
  put32(p + 12, (uint32_t)path_length);
  memcpy(p + 16, path, (size_t)path_length);
  p += 16 + path_length;
  pending *entry = &c->ring[c->tail++ & (c->ring_size - 1)];
  *entry = (pending){.start_ns = start_ns, .xid = c->xid, .node = node, .op = (int16_t)op, .parent = parent};
  if (op == OP_GET) {
    *p = 0;
    return;
  }
  put32(p, value);
  if (!parent) {
    entry->seq = ++c->seq;
    make_value(p + 4, value, node, (uint32_t)c->id, c->seq);
  }
  p += 4 + value;
  if (op == OP_SET) {
    put32(p, (uint32_t)-1);
    return;
  }
  memcpy(p, OPEN_ACL, sizeof OPEN_ACL);
  put32(p + sizeof OPEN_ACL, 0);
}

static void header_only(connection *c, int32_t xid, int op) {
  uint8_t *p = claim(c, 12);
  put32(p, 8);
  put32(p + 4, (uint32_t)xid);
  put32(p + 8, (uint32_t)op);
}

static void flush(worker *w, connection *c, uint64_t now) {
  while (c->out_length > 0) {
    ssize_t n = send(c->fd, c->out + c->out_start, c->out_length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) break;
      die(EXIT_CONNECTION, "connection %d: send: %s", c->id, strerror(errno));
    }
    c->out_start += (size_t)n;
    c->out_length -= (size_t)n;
    c->last_send_ns = now;
  }
  bool wants = c->out_length > 0;
  if (wants != c->wants_write) {
    c->wants_write = wants;
    struct epoll_event event = {.events = EPOLLIN | (wants ? EPOLLOUT : 0), .data.ptr = c};
    epoll_ctl(w->epoll, EPOLL_CTL_MOD, c->fd, &event);
  }
}

/* The n-th item of the phase, or of the workload, as a request on this connection. */
static void issue(worker *w, connection *c, uint64_t start_ns) {
  char path[PATH_MAX_BYTES];
  if (w->phase == P_PARENTS) {
    uint64_t item = w->next_item++;
    int length = item == 0 ? sprintf(path, "%s", opt.root) : sprintf(path, "%s/p%06u", opt.root, (uint32_t)(item - 1));
    request(c, OP_CREATE, path, length, 0, true, start_ns);
  } else if (w->phase == P_NODES) {
    uint32_t node = (uint32_t)w->next_item;
    w->next_item += (uint64_t)opt.threads;
    request(c, OP_CREATE, path, node_path(path, node), node, false, start_ns);
  } else if (opt.work == W_CREATE) {
    request(c, OP_CREATE, path, created_path(path, c, c->seq + 1), c->seq + 1, false, start_ns);
  } else {
    bool read = opt.work == W_GET || (opt.work == W_MIXED && (double)(next_random(w) >> 11) * 0x1p-53 < opt.read_ratio);
    uint32_t node = random_node(w);
    request(c, read ? OP_GET : OP_SET, path, node_path(path, node), node, false, start_ns);
  }
}

/* How many requests this thread may send at `now`; an open loop counts from the intended times of its schedule. */
static bool may_issue(worker *w, uint64_t now) {
  if (w->phase == P_PARENTS || w->phase == P_NODES) return w->next_item < w->items_end;
  if (w->phase != P_WORK) return false;
  if (opt.operations > 0) return w->scheduled < opt.operations / (uint64_t)opt.threads + (w->index == 0 ? opt.operations % (uint64_t)opt.threads : 0);
  return now < measure_end_ns;
}

static uint64_t intended_ns(const worker *w) {
  double step = 1e9 * opt.threads / opt.rate;
  uint64_t phase_start = measure_start_ns - (uint64_t)(opt.warmup_s * 1e9);
  return phase_start + (uint64_t)(step * ((double)w->scheduled + (double)w->index / opt.threads));
}

static bool open_loop(const worker *w) { return w->phase == P_WORK && opt.rate > 0; }

static void fill(worker *w, connection *c, uint64_t now) {
  while (outstanding(c) < (uint32_t)opt.outstanding && may_issue(w, now)) {
    issue(w, c, now);
    w->scheduled++;
  }
}

/* Sends everything whose time has come, to whichever connections have room. What has to wait keeps its intended time. */
static void fill_schedule(worker *w, uint64_t now) {
  uint64_t due;
  while ((due = intended_ns(w)) <= now && due < measure_end_ns) {
    int tries = 0;
    while (tries < w->count && outstanding(w->mine[w->round]) >= (uint32_t)opt.outstanding) {
      w->round = (w->round + 1) % w->count;
      tries++;
    }
    if (tries == w->count) break;
    issue(w, w->mine[w->round], due);
    w->scheduled++;
    w->round = (w->round + 1) % w->count;
  }
  for (int i = 0; i < w->count; i++)
    if (w->mine[i]->out_length > 0) flush(w, w->mine[i], now);
  struct itimerspec alarm = {0};
  if (due < measure_end_ns && due > now) {
    alarm.it_value.tv_sec = (time_t)(due / 1000000000ull);
    alarm.it_value.tv_nsec = (long)(due % 1000000000ull);
    timerfd_settime(w->timer, TFD_TIMER_ABSTIME, &alarm, NULL);
  }
}

/* ---- replies ---------------------------------------------------------------------------------------------------------- */

static void on_stat(const connection *c, const uint8_t *stat, const pending *p, int64_t zxid, bool wrote) {
  int64_t mzxid = get64(stat + 8);
  if (get32(stat + 52) != opt.value_bytes) die(EXIT_CHECK, "connection %d: Stat.dataLength of node %u is %u", c->id, p->node, get32(stat + 52));
  if (mzxid > zxid || (wrote && mzxid != zxid)) die(EXIT_CHECK, "connection %d: mzxid %llx of node %u does not fit the reply's zxid %llx", c->id, (long long)mzxid, p->node, (long long)zxid);
}

static void on_reply(worker *w, connection *c, const uint8_t *frame, uint32_t length, uint64_t now) {
  if (length < 16) die(EXIT_CHECK, "connection %d: reply frame of %u bytes", c->id, length);
  int32_t xid = (int32_t)get32(frame), err = (int32_t)get32(frame + 12);
  int64_t zxid = get64(frame + 4);
  if (zxid < c->zxid) die(EXIT_CHECK, "connection %d: zxid fell from %llx to %llx", c->id, (long long)c->zxid, (long long)zxid);
  c->zxid = zxid;
  if (xid == XID_PING) {
    if (c->pings-- <= 0 || err != 0) die(EXIT_CHECK, "connection %d: ping reply out of place, err %d", c->id, err);
    return;
  }
  if (c->head == c->tail) die(EXIT_CHECK, "connection %d: reply with xid %d, nothing is outstanding", c->id, xid);
  pending p = c->ring[c->head++ & (c->ring_size - 1)];
  if (xid != p.xid) die(EXIT_CHECK, "connection %d: reply with xid %d, %d was due", c->id, xid, p.xid);
  bool exists = err == ERR_NODE_EXISTS && w->phase <= P_NODES;
  if (err != 0 && !exists) die(EXIT_CHECK, "connection %d: op %d on node %u failed with %d", c->id, p.op, p.node, err);
  const uint8_t *body = frame + 16;
  if (p.op == OP_CLOSE) {
    c->closing = true;
    return;
  }
  if (p.op == OP_GET) {
    if (length != 16 + 4 + opt.value_bytes + STAT_BYTES) die(EXIT_CHECK, "connection %d: getData reply of %u bytes", c->id, length);
    check_value(c, body + 4, get32(body), p.node);
    const uint8_t *stat = body + 4 + opt.value_bytes;
    on_stat(c, stat, &p, zxid, false);
    const own_write *own = &c->own[p.node % OWN_WRITES];
    if (own->zxid != 0 && own->node == p.node && get64(stat + 8) < own->zxid) die(EXIT_CHECK, "connection %d: a read of node %u does not see this connection's own write", c->id, p.node);
  } else {
    if (zxid <= c->write_zxid) die(EXIT_CHECK, "connection %d: two writes share zxid %llx", c->id, (long long)zxid);
    c->write_zxid = zxid;
    if (p.op == OP_SET) {
      if (length != 16 + STAT_BYTES) die(EXIT_CHECK, "connection %d: setData reply of %u bytes", c->id, length);
      on_stat(c, body, &p, zxid, true);
      c->own[p.node % OWN_WRITES] = (own_write){.node = p.node, .zxid = zxid};
    } else if (!exists) {
      char path[PATH_MAX_BYTES];
      uint32_t path_length = p.parent ? length - 20 : (uint32_t)(w->phase == P_WORK ? created_path(path, c, p.seq) : node_path(path, p.node));
      if (length != 20 + path_length || get32(body) != path_length || (!p.parent && memcmp(body + 4, path, path_length) != 0))
        die(EXIT_CHECK, "connection %d: create answers with another path than was asked for", c->id);
    }
  }
  w->done++;
  if (w->phase != P_WORK) return;
  uint64_t counted = opt.rate > 0 ? p.start_ns : now;
  if (opt.operations > 0 || (counted >= measure_start_ns && counted < measure_end_ns)) record(p.op == OP_GET ? &w->reads : &w->writes, now - p.start_ns);
}

static void on_readable(worker *w, connection *c) {
  for (;;) {
    ssize_t n = recv(c->fd, c->in + c->in_length, c->in_size - c->in_length, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) break;
    if (n <= 0) {
      if (c->closing) return;
      die(EXIT_CONNECTION, "connection %d: %s with %u requests outstanding", c->id, n == 0 ? "closed by the server" : strerror(errno), outstanding(c));
    }
    uint64_t now = now_ns();
    c->in_length += (size_t)n;
    bool full = c->in_length == c->in_size;
    size_t at = 0;
    while (c->in_length - at >= 4) {
      uint32_t length = get32(c->in + at);
      if (length > (64u << 20)) die(EXIT_CHECK, "connection %d: frame length %u", c->id, length);
      if (c->in_length - at - 4 < length) {
        if (c->in_size < length + 4) c->in = realloc(c->in, c->in_size = (size_t)length + 4);
        break;
      }
      on_reply(w, c, c->in + at + 4, length, now);
      at += 4 + length;
    }
    c->in_length -= at;
    memmove(c->in, c->in + at, c->in_length);
    if (!open_loop(w)) fill(w, c, now);
    flush(w, c, now);
    if (!full) break;
  }
}

/* ---- the loop of one thread ------------------------------------------------------------------------------------------- */

static double thread_cpu_s(void) {
  struct rusage u;
  getrusage(RUSAGE_THREAD, &u);
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void keep_alive(worker *w, uint64_t now) {
  for (int i = 0; i < w->count; i++) {
    connection *c = w->mine[i];
    if (now < c->last_send_ns + (uint64_t)opt.session_timeout_ms * 1000000ull / 3) continue;
    header_only(c, XID_PING, OP_PING);
    c->pings++;
    c->last_send_ns = now;
    flush(w, c, now);
  }
}

static bool phase_over(worker *w, uint64_t now) {
  if (open_loop(w) && intended_ns(w) < measure_end_ns) return false;
  if (may_issue(w, now)) return false;
  for (int i = 0; i < w->count; i++)
    if (outstanding(w->mine[i]) > 0) return false;
  return true;
}

static void run_phase(worker *w, int phase, uint64_t first, uint64_t end) {
  w->phase = phase;
  w->next_item = first;
  w->items_end = end;
  w->scheduled = 0;
  w->done = 0;
  uint64_t now = now_ns(), keep_alive_at = now;
  for (int i = 0; i < w->count; i++) {
    if (!open_loop(w)) fill(w, w->mine[i], now);
    flush(w, w->mine[i], now);
  }
  struct epoll_event events[256];
  while (!phase_over(w, now)) {
    if (now > deadline_ns) die(EXIT_DEADLINE, "not finished by the deadline of %.0f s", opt.deadline_s);
    if (open_loop(w)) fill_schedule(w, now);
    int ready = epoll_wait(w->epoll, events, 256, 10);
    for (int i = 0; i < ready; i++) {
      connection *c = events[i].data.ptr;
      if (c == NULL) {
        uint64_t ticks;
        (void)!read(w->timer, &ticks, sizeof ticks);
        continue;
      }
      if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) on_readable(w, c);
      if (events[i].events & EPOLLOUT) flush(w, c, now);
    }
    now = now_ns();
    if (phase == P_WORK && !w->cpu_started && now >= measure_start_ns) {
      w->cpu_start_s = thread_cpu_s();
      w->cpu_started = true;
    }
    if (phase == P_WORK && !w->cpu_ended && w->cpu_started && now >= measure_end_ns) {
      w->cpu_s = thread_cpu_s() - w->cpu_start_s;
      w->cpu_ended = true;
    }
    if (now > keep_alive_at) {
      keep_alive(w, now);
      keep_alive_at = now + 500000000ull;
    }
  }
  if (phase == P_WORK && !w->cpu_ended) w->cpu_s = thread_cpu_s() - w->cpu_start_s;
}

static void close_sessions(worker *w) {
  w->phase = P_CLOSE;
  uint64_t now = now_ns();
  for (int i = 0; i < w->count; i++) {
    connection *c = w->mine[i];
    c->ring[c->tail++ & (c->ring_size - 1)] = (pending){.xid = ++c->xid, .op = OP_CLOSE};
    header_only(c, c->xid, OP_CLOSE);
    flush(w, c, now);
  }
  run_phase(w, P_CLOSE, 0, 0);
  for (int i = 0; i < w->count; i++) close(w->mine[i]->fd);
}

static void *worker_main(void *argument) {
  worker *w = argument;
  w->epoll = epoll_create1(EPOLL_CLOEXEC);
  w->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(w->epoll, EPOLL_CTL_ADD, w->timer, &event);
  for (int i = 0; i < w->count; i++) {
    w->mine[i] = open_connection(w->index + i * opt.threads);
    event.data.ptr = w->mine[i];
    epoll_ctl(w->epoll, EPOLL_CTL_ADD, w->mine[i]->fd, &event);
  }
  pthread_barrier_wait(&barrier); /* connected */
  uint64_t parents = 1 + (opt.fanout > 0 ? (opt.nodes + opt.fanout - 1) / opt.fanout : 0);
  /* A parent must exist before anybody creates below it, and the root before its parents. */
  if (opt.setup && w->index == 0) {
    run_phase(w, P_PARENTS, 0, 1);
    run_phase(w, P_PARENTS, 1, parents);
  }
  pthread_barrier_wait(&barrier); /* parents there */
  if (opt.setup) run_phase(w, P_NODES, (uint64_t)w->index, opt.nodes);
  pthread_barrier_wait(&barrier); /* set up */
  pthread_barrier_wait(&barrier); /* main has set the times */
  if (opt.work != W_NONE) run_phase(w, P_WORK, 0, 0);
  pthread_barrier_wait(&barrier); /* measured */
  close_sessions(w);
  return NULL;
}

/* ---- main ------------------------------------------------------------------------------------------------------------- */

static void usage(void) {
  fprintf(stderr,
          "load --port P[,P...] [--workload none|get|set|create|mixed] [--connections N] [--outstanding D] [--threads T]\n"
          "     [--nodes M] [--value BYTES] [--fanout F] [--root PATH] [--tag NAME] [--setup] [--read-ratio R]\n"
          "     [--warmup S] [--seconds S | --operations K] [--rate OPS] [--timeout MS] [--deadline S] [--seed N]\n");
  exit(EXIT_USAGE);
}

/* One port, or several with commas between them: the members of an ensemble, each of which gets every n-th connection. */
static void parse_ports(const char *list) {
  for (opt.port_count = 0;; opt.port_count++) {
    int port = atoi(list);
    if (port <= 0 || opt.port_count == PORTS_MAX) usage();
    opt.ports[opt.port_count] = port;
    list = strchr(list, ',');
    if (list++ == NULL) break;
  }
  opt.port_count++;
}

static void parse(int count, char **argument) {
  for (int i = 1; i < count; i++) {
    const char *name = argument[i];
    if (strcmp(name, "--setup") == 0) {
      opt.setup = true;
      continue;
    }
    if (i + 1 == count) usage();
    const char *value = argument[++i];
    if (strcmp(name, "--port") == 0) parse_ports(value);
    else if (strcmp(name, "--connections") == 0) opt.connections = atoi(value);
    else if (strcmp(name, "--outstanding") == 0) opt.outstanding = atoi(value);
    else if (strcmp(name, "--threads") == 0) opt.threads = atoi(value);
    else if (strcmp(name, "--nodes") == 0) opt.nodes = (uint32_t)atoi(value);
    else if (strcmp(name, "--value") == 0) opt.value_bytes = (uint32_t)atoi(value);
    else if (strcmp(name, "--fanout") == 0) opt.fanout = (uint32_t)atoi(value);
    else if (strcmp(name, "--root") == 0) opt.root = value;
    else if (strcmp(name, "--tag") == 0) opt.tag = value;
    else if (strcmp(name, "--read-ratio") == 0) opt.read_ratio = atof(value);
    else if (strcmp(name, "--rate") == 0) opt.rate = atof(value);
    else if (strcmp(name, "--warmup") == 0) opt.warmup_s = atof(value);
    else if (strcmp(name, "--seconds") == 0) opt.seconds = atof(value);
    else if (strcmp(name, "--operations") == 0) opt.operations = strtoull(value, NULL, 10);
    else if (strcmp(name, "--timeout") == 0) opt.session_timeout_ms = atoi(value);
    else if (strcmp(name, "--deadline") == 0) opt.deadline_s = atof(value);
    else if (strcmp(name, "--seed") == 0) opt.seed = strtoull(value, NULL, 10);
    else if (strcmp(name, "--workload") == 0) {
      if (strcmp(value, "none") == 0) opt.work = W_NONE;
      else if (strcmp(value, "get") == 0) opt.work = W_GET;
      else if (strcmp(value, "set") == 0) opt.work = W_SET;
      else if (strcmp(value, "create") == 0) opt.work = W_CREATE;
      else if (strcmp(value, "mixed") == 0) opt.work = W_MIXED;
      else usage();
    } else usage();
  }
  if (opt.threads > opt.connections) opt.threads = opt.connections;
  bool bad = opt.port_count == 0 || opt.connections < 1 || opt.connections > CONNECTIONS_MAX || opt.outstanding < 1 || opt.outstanding > OUTSTANDING_MAX ||
             opt.threads < 1 || opt.threads > THREADS_MAX || opt.nodes < 1 || opt.value_bytes > (1u << 20) || strlen(opt.root) + strlen(opt.tag) > 100 ||
             opt.deadline_s <= 0 || (opt.rate > 0 && opt.operations > 0) || (opt.work != W_NONE && opt.seconds <= 0 && opt.operations == 0);
  if (bad) usage();
}

static void print_latency(const char *name, const histogram *h) {
  printf("\"%s\":{\"count\":%llu,\"mean\":%.2f,\"p50\":%.2f,\"p90\":%.2f,\"p99\":%.2f,\"p999\":%.2f,\"max\":%.2f}", name, (unsigned long long)h->total,
         h->total ? (double)h->sum / (double)h->total / 1000 : 0, percentile_us(h, 0.5), percentile_us(h, 0.9), percentile_us(h, 0.99), percentile_us(h, 0.999), (double)h->max / 1000);
}

static void sleep_until(uint64_t ns) {
  struct timespec t = {.tv_sec = (time_t)(ns / 1000000000ull), .tv_nsec = (long)(ns % 1000000000ull)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR) {}
}

int main(int count, char **argument) {
  parse(count, argument);
  setvbuf(stdout, NULL, _IOLBF, 0);
  signal(SIGPIPE, SIG_IGN);
  uint64_t began = now_ns();
  deadline_ns = began + (uint64_t)(opt.deadline_s * 1e9);
  pthread_barrier_init(&barrier, NULL, (unsigned)opt.threads + 1);
  worker *workers = calloc((size_t)opt.threads, sizeof *workers);
  pthread_t threads[THREADS_MAX];
  for (int t = 0; t < opt.threads; t++) {
    worker *w = &workers[t];
    w->index = t;
    w->random = mix64(opt.seed * 1000003 + (uint64_t)t) | 1;
    w->count = (opt.connections - t + opt.threads - 1) / opt.threads;
    w->mine = calloc((size_t)w->count, sizeof *w->mine);
    if (pthread_create(&threads[t], NULL, worker_main, w) != 0) die(EXIT_CONNECTION, "no thread");
  }
  pthread_barrier_wait(&barrier);
  printf("{\"event\":\"connected\",\"seconds\":%.3f}\n", (double)(now_ns() - began) / 1e9);
  uint64_t setup_began = now_ns();
  pthread_barrier_wait(&barrier);
  pthread_barrier_wait(&barrier);
  if (opt.setup) {
    double seconds = (double)(now_ns() - setup_began) / 1e9;
    printf("{\"event\":\"setup\",\"nodes\":%u,\"seconds\":%.3f,\"throughput\":%.0f}\n", opt.nodes, seconds, opt.nodes / seconds);
  }
  measure_start_ns = now_ns() + (uint64_t)(opt.warmup_s * 1e9);
  measure_end_ns = opt.operations > 0 ? UINT64_MAX : measure_start_ns + (uint64_t)(opt.seconds * 1e9);
  pthread_barrier_wait(&barrier);
  uint64_t ended = 0;
  if (opt.work != W_NONE) {
    sleep_until(measure_start_ns);
    printf("{\"event\":\"measuring\"}\n");
    if (opt.operations == 0) {
      sleep_until(measure_end_ns);
      printf("{\"event\":\"measured\"}\n");
    }
  }
  pthread_barrier_wait(&barrier);
  ended = now_ns();
  if (opt.work != W_NONE && opt.operations > 0) printf("{\"event\":\"measured\"}\n");
  for (int t = 0; t < opt.threads; t++) pthread_join(threads[t], NULL);
  if (opt.work == W_NONE) return 0;

  static histogram reads, writes, all;
  double cpu_s = 0;
  for (int t = 0; t < opt.threads; t++) {
    merge(&reads, &workers[t].reads);
    merge(&writes, &workers[t].writes);
    cpu_s += workers[t].cpu_s;
  }
  merge(&all, &reads);
  merge(&all, &writes);
  double seconds = opt.operations > 0 ? (double)(ended - measure_start_ns) / 1e9 : opt.seconds;
  printf("{\"event\":\"result\",\"operations\":%llu,\"seconds\":%.3f,\"throughput\":%.1f,\"cpuSeconds\":%.3f,\"latencyUs\":{", (unsigned long long)all.total, seconds,
         (double)all.total / seconds, cpu_s);
  print_latency("all", &all);
  printf(",");
  print_latency("read", &reads);
  printf(",");
  print_latency("write", &writes);
  printf("}}\n");
  return 0;
}
