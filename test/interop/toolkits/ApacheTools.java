// Runs Apache ZooKeeper's offline tools many times in one JVM. Reads commands from standard input, one per line: the main
// class, a tab, its standard input in Base64, and behind a tab each its arguments. Answers each with one line: exit code,
// what went to standard output and what to standard error, both in Base64. An exception that a main method lets out counts as
// exit code 1, as it does for a JVM of its own; its stack trace is not shown.

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.util.Arrays;
import java.util.Base64;
import java.util.Locale;
import java.util.TimeZone;
import org.apache.zookeeper.util.ServiceUtils;

public class ApacheTools {

    static class Exit extends RuntimeException {
        final int code;

        Exit(int code) {
            this.code = code;
        }
    }

    public static void main(String[] args) throws Exception {
        Locale.setDefault(Locale.US);
        PrintStream answers = System.out;
        ServiceUtils.setSystemExitProcedure(code -> {
            throw new Exit(code);
        });
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            String[] words = line.split("\t", -1);
            if (words[0].equals("zone")) {
                TimeZone.setDefault(TimeZone.getTimeZone(words[1]));
                continue;
            }
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            ByteArrayOutputStream err = new ByteArrayOutputStream();
            System.setOut(new PrintStream(out, true, "UTF-8"));
            System.setErr(new PrintStream(err, true, "UTF-8"));
            System.setIn(new ByteArrayInputStream(Base64.getDecoder().decode(words[1])));
            int code = run(words[0], Arrays.copyOfRange(words, 2, words.length));
            System.out.flush();
            System.err.flush();
            Base64.Encoder base64 = Base64.getEncoder();
            answers.println(code + " " + base64.encodeToString(out.toByteArray()) + " "
                + base64.encodeToString(err.toByteArray()));
        }
    }

    static int run(String name, String[] args) throws Exception {
        Class<?> tool = Class.forName(name);
        if (name.endsWith("SnapshotFormatter")) {
            Field inode = tool.getDeclaredField("INODE_IDX");
            inode.setAccessible(true);
            inode.set(null, 1000);
        }
        try {
            tool.getMethod("main", String[].class).invoke(null, (Object) args);
            return 0;
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof Exit) {
                return ((Exit) e.getCause()).code;
            }
            System.err.println("uncaught " + e.getCause().getClass().getName());
            return 1;
        }
    }
}
