"""Makes the options available in a checkout that is not installed; an installed one loads them as a plugin."""

pytest_plugins = ["properties.harness.options"]
