// Curator's recipes against one server, one recipe per run: java CuratorRecipes <port> <lock|latch|cache|barrier>.
// Several clients, each with a session of its own; the last line printed is "ok" and what was counted. Any doubt is an
// exception and exit code 1. Nothing waits without a limit.

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.barriers.DistributedBarrier;
import org.apache.curator.framework.recipes.barriers.DistributedDoubleBarrier;
import org.apache.curator.framework.recipes.cache.ChildData;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.cache.PathChildrenCache;
import org.apache.curator.framework.recipes.cache.TreeCache;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.retry.RetryNTimes;
import org.apache.zookeeper.data.Stat;

public final class CuratorRecipes {
  private static final int CLIENTS = 4;
  private static final int WAIT_SECONDS = 20;
  private static final ExecutorService THREADS = Executors.newCachedThreadPool();
  private static String address;

  public static void main(String[] args) {
    address = "127.0.0.1:" + args[0];
    try {
      System.out.println("ok " + run(args[1]));
      System.exit(0);
    } catch (Exception error) {
      error.printStackTrace();
      // Not by returning: workers and clients may still be waiting for something.
      System.exit(1);
    }
  }

  private static String run(String recipe) throws Exception {
    switch (recipe) {
      case "lock":
        return lock();
      case "latch":
        return latch();
      case "cache":
        return cache();
      case "barrier":
        return barrier();
      default:
        throw new IllegalArgumentException(recipe);
    }
  }

  /** Threads of several sessions take one mutex in turn; what it protects is read and written without versions. */
  private static String lock() throws Exception {
    final int threadsPerClient = 2;
    final int rounds = 10;
    List<CuratorFramework> clients = connect(CLIENTS);
    clients.get(0).create().forPath("/counter", bytes("0"));
    AtomicInteger inside = new AtomicInteger();
    List<Callable<Integer>> workers = new ArrayList<>();
    for (CuratorFramework client : clients) {
      InterProcessMutex mutex = new InterProcessMutex(client, "/locks/one");
      for (int i = 0; i < threadsPerClient; i++) {
        workers.add(() -> {
          for (int round = 0; round < rounds; round++) {
            check(mutex.acquire(WAIT_SECONDS, TimeUnit.SECONDS), "the lock came");
            check(mutex.acquire(WAIT_SECONDS, TimeUnit.SECONDS), "the lock is re-entrant");
            check(inside.incrementAndGet() == 1, "nobody else is inside");
            int count = Integer.parseInt(text(client.getData().forPath("/counter")));
            client.setData().forPath("/counter", bytes(String.valueOf(count + 1)));
            inside.decrementAndGet();
            mutex.release();
            mutex.release();
          }
          return rounds;
        });
      }
    }
    int done = runAll(workers).stream().mapToInt(Integer::intValue).sum();
    int counted = Integer.parseInt(text(clients.get(0).getData().forPath("/counter")));
    check(counted == done, counted + " of " + done + " increments survived");
    check(clients.get(0).getChildren().forPath("/locks/one").isEmpty(), "no lock node is left");
    closeAll(clients);
    return "lock " + counted;
  }

  /** Leaders come one after the other, in the order of their nodes, each when the one before it has gone. */
  private static String latch() throws Exception {
    List<CuratorFramework> clients = connect(CLIENTS);
    List<LeaderLatch> latches = new ArrayList<>();
    for (int i = 0; i < CLIENTS; i++) {
      LeaderLatch latch = new LeaderLatch(clients.get(i), "/latch", "client " + i);
      latch.start();
      latches.add(latch);
      eventually("participant " + i, () -> latches.get(0).getParticipants().size() == latches.size());
    }
    int led = 0;
    for (int i = 0; i < CLIENTS; i++) {
      LeaderLatch leader = latches.get(i);
      check(leader.await(WAIT_SECONDS, TimeUnit.SECONDS), "client " + i + " leads");
      check(leader.getLeader().getId().equals("client " + i), "all know that client " + i + " leads");
      for (int j = i + 1; j < CLIENTS; j++) check(!latches.get(j).hasLeadership(), "there is one leader");
      led++;
      // Half of them step down; the others vanish, and the end of the session has to make room.
      if (i % 2 == 0) leader.close();
      else clients.get(i).close();
    }
    closeAll(clients);
    return "latch " + led;
  }

  /** Three kinds of caches follow a tree that another client changes, and end up equal to it. */
  private static String cache() throws Exception {
    // A session each: up to 3.8 an ordinary watch takes the place of a persistent one of the same session.
    List<CuratorFramework> clients = connect(4);
    CuratorFramework writer = clients.get(0);
    CuratorFramework reader = clients.get(1);
    writer.create().forPath("/tree", bytes("root"));
    CuratorCache curatorCache = CuratorCache.build(reader, "/tree");
    AtomicInteger events = new AtomicInteger();
    curatorCache.listenable().addListener((type, before, after) -> events.incrementAndGet());
    TreeCache treeCache = new TreeCache(clients.get(2), "/tree");
    PathChildrenCache childrenCache = new PathChildrenCache(clients.get(3), "/tree", true);
    curatorCache.start();
    treeCache.start();
    childrenCache.start(PathChildrenCache.StartMode.BUILD_INITIAL_CACHE);

    Random random = new Random(1);
    Map<String, String> expected = new TreeMap<>();
    expected.put("/tree", "root");
    for (int i = 0; i < 400; i++) {
      String parent = "/tree/" + random.nextInt(5);
      String path = random.nextBoolean() ? parent : parent + "/" + random.nextInt(5);
      if (expected.containsKey(path) && random.nextInt(3) == 0) {
        writer.delete().deletingChildrenIfNeeded().forPath(path);
        expected.keySet().removeIf((known) -> known.equals(path) || known.startsWith(path + "/"));
      } else if (expected.containsKey(path)) {
        writer.setData().forPath(path, bytes("value " + i));
        expected.put(path, "value " + i);
      } else if (path.equals(parent) || expected.containsKey(parent)) {
        writer.create().forPath(path, bytes("new " + i));
        expected.put(path, "new " + i);
      }
    }
    eventually("CuratorCache equals " + expected, () -> {
      Map<String, String> seen = new TreeMap<>();
      curatorCache.stream().forEach((data) -> seen.put(data.getPath(), text(data.getData())));
      return seen.equals(expected);
    });
    eventually("TreeCache equals " + expected, () -> {
      Map<String, String> seen = new TreeMap<>();
      collect(treeCache, "/tree", seen);
      return seen.equals(expected);
    });
    eventually("PathChildrenCache equals the children", () -> {
      Map<String, String> seen = new TreeMap<>();
      for (ChildData data : childrenCache.getCurrentData()) seen.put(data.getPath(), text(data.getData()));
      Map<String, String> children = new TreeMap<>(expected);
      children.keySet().removeIf((path) -> path.split("/").length != 3);
      return seen.equals(children);
    });
    for (ChildData data : childrenCache.getCurrentData()) {
      Stat stat = reader.checkExists().forPath(data.getPath());
      boolean same = stat.getMzxid() == data.getStat().getMzxid() && stat.getVersion() == data.getStat().getVersion();
      check(same, "the Stat of " + data.getPath() + " is the server's");
    }
    check(events.get() >= expected.size(), "CuratorCache told of its nodes");
    curatorCache.close();
    treeCache.close();
    childrenCache.close();
    closeAll(clients);
    return "cache " + expected.size();
  }

  private static void collect(TreeCache cache, String path, Map<String, String> into) {
    ChildData data = cache.getCurrentData(path);
    if (data == null) return;
    into.put(path, text(data.getData()));
    Map<String, ChildData> children = cache.getCurrentChildren(path);
    if (children != null) for (String name : children.keySet()) collect(cache, path + "/" + name, into);
  }

  /** Nobody passes a barrier that stands; nobody enters or leaves a double barrier before everybody is there. */
  private static String barrier() throws Exception {
    List<CuratorFramework> clients = connect(CLIENTS);
    DistributedBarrier gate = new DistributedBarrier(clients.get(0), "/gate");
    gate.setBarrier();
    AtomicInteger waiting = new AtomicInteger();
    AtomicInteger passed = new AtomicInteger();
    List<Future<Boolean>> waiters = new ArrayList<>();
    for (CuratorFramework client : clients) {
      waiters.add(THREADS.submit(() -> {
        waiting.incrementAndGet();
        boolean open = new DistributedBarrier(client, "/gate").waitOnBarrier(WAIT_SECONDS, TimeUnit.SECONDS);
        passed.incrementAndGet();
        return open;
      }));
    }
    eventually("all wait", () -> waiting.get() == CLIENTS);
    check(!new DistributedBarrier(clients.get(1), "/gate").waitOnBarrier(200, TimeUnit.MILLISECONDS), "it stands");
    check(passed.get() == 0, "nobody has passed");
    gate.removeBarrier();
    for (Future<Boolean> waiter : waiters) check(waiter.get(WAIT_SECONDS, TimeUnit.SECONDS), "the barrier fell");

    List<String> order = new CopyOnWriteArrayList<>();
    CountDownLatch firstAreIn = new CountDownLatch(CLIENTS - 1);
    List<Callable<Boolean>> members = new ArrayList<>();
    for (int i = 0; i < CLIENTS; i++) {
      CuratorFramework client = clients.get(i);
      boolean last = i == CLIENTS - 1;
      members.add(() -> {
        DistributedDoubleBarrier doubleBarrier = new DistributedDoubleBarrier(client, "/double", CLIENTS);
        if (last) check(firstAreIn.await(WAIT_SECONDS, TimeUnit.SECONDS), "the others are on their way in");
        else firstAreIn.countDown();
        order.add("enters");
        check(doubleBarrier.enter(WAIT_SECONDS, TimeUnit.SECONDS), "entered");
        order.add("leaves");
        check(doubleBarrier.leave(WAIT_SECONDS, TimeUnit.SECONDS), "left");
        order.add("left");
        return true;
      });
    }
    runAll(members);
    check(order.lastIndexOf("enters") < order.indexOf("leaves"), "all entered before anybody left: " + order);
    check(order.lastIndexOf("leaves") < order.indexOf("left"), "all wished to leave before anybody had: " + order);
    closeAll(clients);
    return "barrier " + passed.get();
  }

  private static List<CuratorFramework> connect(int count) throws Exception {
    List<CuratorFramework> clients = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      CuratorFramework client = CuratorFrameworkFactory.newClient(address, 10_000, 5_000, new RetryNTimes(3, 100));
      client.start();
      check(client.blockUntilConnected(WAIT_SECONDS, TimeUnit.SECONDS), "connected");
      clients.add(client);
    }
    return clients;
  }

  private static void closeAll(List<CuratorFramework> clients) {
    for (CuratorFramework client : clients) client.close();
  }

  private static <T> List<T> runAll(List<Callable<T>> tasks) throws Exception {
    List<T> results = new ArrayList<>();
    for (Future<T> future : THREADS.invokeAll(tasks, 2 * WAIT_SECONDS, TimeUnit.SECONDS)) results.add(future.get());
    return results;
  }

  private static void eventually(String what, Callable<Boolean> condition) throws Exception {
    long giveUpAt = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_SECONDS);
    while (!condition.call()) {
      check(System.nanoTime() < giveUpAt, what);
      Thread.sleep(5);
    }
  }

  private static void check(boolean holds, String what) {
    if (!holds) throw new IllegalStateException("not so: " + what);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
