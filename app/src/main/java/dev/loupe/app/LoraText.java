package dev.loupe.app;

import dev.loupe.train.LoraSettings;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** What {@code --lora} says: {@code r=16,alpha=32,dropout=0.05,targets=q,v}. */
final class LoraText {
    private static final Pattern COMMAS = Pattern.compile(",");

    private int rank = 16;
    private double alpha = -1;
    private float dropout;
    private final List<String> targets = new ArrayList<>();

    private LoraText() {}

    /**
     * Reads it. Without alpha it is twice the rank.
     *
     * @throws WrongUsage if it says something else
     */
    static LoraSettings parse(String text) {
        LoraText lora = new LoraText();
        String key = "";
        for (String item : COMMAS.splitAsStream(text).toList()) {
            int equals = item.indexOf('=');
            // what has no name of its own belongs to the list before it
            key = equals < 0 ? key : item.substring(0, equals).strip();
            lora.put(key, item.substring(equals + 1).strip(), item);
        }
        double alpha = lora.alpha < 0 ? 2.0 * lora.rank : lora.alpha;
        return new LoraSettings(lora.rank, alpha, lora.dropout, lora.targets);
    }

    private void put(String key, String value, String item) {
        try {
            switch (key) {
                case "r" -> rank = Integer.parseInt(value);
                case "alpha" -> alpha = Double.parseDouble(value);
                case "dropout" -> dropout = Float.parseFloat(value);
                case "targets" -> targets.add(value);
                default -> throw wrong(item);
            }
        } catch (NumberFormatException e) {
            throw wrong(item);
        }
    }

    private static WrongUsage wrong(String item) {
        return new WrongUsage(
                "--lora: found '"
                        + item
                        + "', expected such as r=16,alpha=32,dropout=0.05,targets=q,v");
    }
}
