// Reads configuration files as Apache ZooKeeper's server does, many in one JVM. Reads paths from standard input, one per line;
// answers each with one line in Base64: either "refused", a newline and the messages of the exception and its causes, or
// "taken" and lines of key=value: what was made of the file, and every zookeeper.* property it has set.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.util.Base64;
import java.util.Properties;
import java.util.TreeMap;
import org.apache.zookeeper.server.quorum.QuorumPeerConfig;

public class ApacheConfigurations {

    public static void main(String[] args) throws Exception {
        BufferedReader paths = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        Properties before = (Properties) System.getProperties().clone();
        for (String path = paths.readLine(); path != null; path = paths.readLine()) {
            System.setProperties((Properties) before.clone());
            System.out.println(Base64.getEncoder().encodeToString(answer(path).getBytes("UTF-8")));
        }
    }

    static String answer(String path) {
        QuorumPeerConfig config = new QuorumPeerConfig();
        try {
            config.parse(path);
        } catch (Exception refused) {
            StringBuilder chain = new StringBuilder("refused");
            for (Throwable at = refused; at != null; at = at.getCause()) chain.append('\n').append(at.getMessage());
            return chain.toString();
        }
        TreeMap<String, String> values = new TreeMap<>();
        InetSocketAddress client = config.getClientPortAddress();
        values.put("clientPort", client == null ? "" : "" + client.getPort());
        values.put("dataDir", "" + config.getDataDir());
        values.put("dataLogDir", "" + config.getDataLogDir());
        values.put("tickTime", "" + config.getTickTime());
        values.put("maxClientCnxns", "" + config.getMaxClientCnxns());
        values.put("minSessionTimeout", "" + config.getMinSessionTimeout());
        values.put("maxSessionTimeout", "" + config.getMaxSessionTimeout());
        values.put("snapRetainCount", "" + config.getSnapRetainCount());
        values.put("purgeInterval", "" + config.getPurgeInterval());
        values.put("clientPortListenBacklog", "" + config.getClientPortListenBacklog());
        values.put("isDistributed", "" + config.isDistributed());
        if (config.isDistributed()) {
            values.put("serverId", "" + config.getServerId());
            values.put("initLimit", "" + config.getInitLimit());
            values.put("syncLimit", "" + config.getSyncLimit());
            values.put("connectToLearnerMasterLimit", "" + config.getConnectToLearnerMasterLimit());
            values.put("members", config.getQuorumVerifier().toString().replace('\n', ' '));
        }
        StringBuilder text = new StringBuilder("taken");
        values.forEach((key, value) -> text.append('\n').append(key).append('=').append(value));
        new TreeMap<>(System.getProperties()).forEach((key, value) -> {
            if (key.toString().startsWith("zookeeper.")) text.append('\n').append(key).append('=').append(value);
        });
        return text.toString();
    }
}
