"""The bundled log: a real run of Postfix, Amavis and ClamAV with test mail of every kind."""
