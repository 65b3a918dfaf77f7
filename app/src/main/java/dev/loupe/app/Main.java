package dev.loupe.app;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.loupe.files.ModelFileException;
import dev.loupe.files.store.Bytes;
import dev.loupe.files.store.StoreException;
import dev.loupe.generate.NoTokenException;
import dev.loupe.train.DataException;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.UsageMessageSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;

/**
 * The command line. Each command is a class of its own, listed here. Looking at what a class
 * declares takes a while, so only the command that was named is looked at; for help, or a name that
 * there is not, all are.
 *
 * <p>Exit codes: 0 done, 1 failed (one line on stderr), 2 wrong usage, 130 interrupted.
 */
@Command(
        name = "loupe",
        description = "A GPT that you can run, train and look inside.",
        synopsisSubcommandLabel = "COMMAND",
        abbreviateSynopsis = true,
        sortOptions = false,
        mixinStandardHelpOptions = true,
        scope = ScopeType.INHERIT,
        versionProvider = Main.Version.class)
public final class Main implements Runnable {
    static final int FAILED = 1;
    static final int WRONG_USAGE = 2;

    private static final List<Class<?>> COMMANDS =
            List.of(
                    Generate.class,
                    Next.class,
                    Logits.class,
                    Explain.class,
                    Explore.class,
                    Score.class,
                    Tokenize.class,
                    Detokenize.class,
                    Show.class,
                    Quantize.class,
                    Convert.class,
                    Train.class,
                    TrainTokenizer.class,
                    FineTune.class,
                    Export.class,
                    Bench.class,
                    Pull.class,
                    ListModels.class,
                    Remove.class);

    @Option(
            names = "--debug",
            scope = ScopeType.INHERIT,
            hidden = true,
            description = "Show where an error was thrown.")
    private boolean debug;

    @Spec private @Nullable CommandSpec spec;

    public static void main(String[] args) {
        Terminal.open();
        int code = execute(args);
        System.exit(code);
    }

    /** Runs a command and gives its exit code. Its output is flushed. */
    static int execute(String... args) {
        Main main = new Main();
        CommandLine line = new CommandLine(main);
        commands(args).forEach(line::addSubcommand);
        line.setCaseInsensitiveEnumValuesAllowed(true);
        // Printed below, where a closed pipe or a full disk is dealt with.
        StringWriter help = new StringWriter();
        line.setOut(new PrintWriter(help));
        line.setErr(new PrintWriter(System.err, true, UTF_8));
        if (System.getenv("NO_COLOR") != null) {
            line.setColorScheme(CommandLine.Help.defaultColorScheme(Ansi.OFF));
        }
        listOptionsInGroups(line);
        line.setParameterExceptionHandler(Main::explainUsage);
        line.setExecutionExceptionHandler((e, command, parsed) -> main.explain(e));
        try {
            int code = line.execute(args);
            System.out.print(help);
            System.out.flush();
            return code;
        } catch (Terminal.ReaderGone e) {
            return 0;
        } catch (UserException e) {
            return main.explain(e);
        } catch (OutOfMemoryError e) {
            return main.explain(
                    new UserException(
                            "out of memory at "
                                    + Bytes.text(Runtime.getRuntime().maxMemory())
                                    + "; take a smaller model, or a shorter context",
                            e));
        }
    }

    private static List<Class<?>> commands(String... args) {
        String named = args.length == 0 ? "" : args[0];
        for (Class<?> command : COMMANDS) {
            if (command.getAnnotation(Command.class).name().equals(named)) {
                return List.of(command);
            }
        }
        return COMMANDS;
    }

    private static void listOptionsInGroups(CommandLine line) {
        line.getHelpSectionMap().put(UsageMessageSpec.SECTION_KEY_OPTION_LIST, new OptionList());
        line.getSubcommands().values().forEach(Main::listOptionsInGroups);
    }

    @Override
    public void run() {
        if (spec != null) {
            spec.commandLine().usage(spec.commandLine().getOut());
        }
    }

    private static int explainUsage(ParameterException e, String[] args) {
        CommandLine line = e.getCommandLine();
        line.getErr().println("loupe: " + e.getMessage());
        line.getErr().println("try: " + line.getCommandSpec().qualifiedName() + " --help");
        return WRONG_USAGE;
    }

    private int explain(Exception e) {
        if (e instanceof Terminal.ReaderGone) {
            return 0;
        }
        if (e instanceof WrongUsage) {
            System.err.println(ModelFileException.oneLine("loupe: " + e.getMessage()));
            return WRONG_USAGE;
        }
        boolean expected =
                e instanceof UserException
                        || e instanceof ModelFileException
                        || e instanceof NoTokenException
                        || e instanceof StoreException
                        || e instanceof DataException;
        String message =
                expected
                        ? String.valueOf(e.getMessage())
                        : e + "; this is a fault of Loupe's, and --debug shows where";
        System.err.println(ModelFileException.oneLine("loupe: " + message));
        if (debug) {
            e.printStackTrace();
        }
        return FAILED;
    }

    /** The version that the jar's manifest states. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Main.class.getPackage().getImplementationVersion();
            return new String[] {"loupe " + (version == null ? "(not packaged)" : version)};
        }
    }
}
