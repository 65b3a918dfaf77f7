package dev.loupe.bench;

import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

import java.util.concurrent.Callable;

/** Reads the options of a command of this module, {@code --help} among them, and runs it. */
final class CommandStart {
    private CommandStart() {}

    static int execute(Callable<Integer> command, String... args) {
        CommandLine line = new CommandLine(command);
        line.getCommandSpec()
                .addOption(
                        OptionSpec.builder("-h", "--help")
                                .usageHelp(true)
                                .description("Show this help.")
                                .build());
        return line.execute(args);
    }
}
