package dev.loupe.app;

import picocli.CommandLine.Help;
import picocli.CommandLine.IHelpSectionRenderer;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The options in a command's help: its own first, then those that it shares with others, under the
 * headings of the classes that hold them.
 */
final class OptionList implements IHelpSectionRenderer {
    /** Options that several commands have. */
    interface Shared {
        /** What stands above them. */
        String heading();
    }

    @Override
    public String render(Help help) {
        Map<String, List<OptionSpec>> groups = new LinkedHashMap<>();
        List<OptionSpec> own = new ArrayList<>(help.commandSpec().options());
        groups.put("", own);
        for (CommandSpec mixin : help.commandSpec().mixins().values()) {
            if (mixin.userObject() instanceof Shared shared) {
                Set<String> names = mixin.optionsMap().keySet();
                List<OptionSpec> options =
                        own.stream().filter(o -> names.contains(o.longestName())).toList();
                groups.put(shared.heading(), options);
                own.removeAll(options);
            }
        }
        StringBuilder list = new StringBuilder();
        groups.forEach((heading, options) -> {
            if (!heading.isEmpty()) {
                list.append(String.format("%n%s:%n", heading));
            }
            Help.Layout layout = help.createDefaultLayout();
            layout.addOptions(options, help.parameterLabelRenderer());
            list.append(layout);
        });
        return list.toString();
    }
}
