# The callback handler's image: Node.js, the bundled service and its policy; nothing else is added to the base.
# Any base with Node.js 24 and a shell will do, such as a company's own: --build-arg NODE_IMAGE=...
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

FROM ${NODE_IMAGE} AS build
USER root
WORKDIR /app
COPY package.json package-lock.json ./
# Both secrets are optional: the npm configuration of a company with a registry or a proxy of its own, and its CA,
# which that configuration names as cafile=/run/secrets/npm-ca. Neither gets into a layer, nor does npm's cache.
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc \
    --mount=type=secret,id=npm-ca,target=/run/secrets/npm-ca \
    --mount=type=cache,target=/root/.npm \
    npm ci --ignore-scripts --no-audit --no-fund
COPY build.js tsconfig.json ./
COPY src src
RUN node build.js
# A start that ends at once for want of a policy leaves V8's compiled code. Node.js keeps it for each user apart.
RUN mkdir dist/compiled && chown 10001 dist/compiled
USER 10001
RUN ! POLICY_FILE=none CALLBACK_PRIVATE_KEY_PARAMETER=none COSIGNER_PUBLIC_KEY_PARAMETER=no AWS_REGION=none \
    node dist/main.js
USER root
RUN chown -R root:root dist/compiled && chmod -R a+rX dist/compiled && ls -d dist/compiled/*/*

# What docker/compose.yaml needs beside the handler: it makes keys and a certificate, and plays the Co-signer.
FROM build AS tools
COPY examples examples
COPY cli cli
COPY docker/seed.ts docker/

FROM ${NODE_IMAGE}
USER root
# The service needs no package manager, and whoever gets in shall find none.
RUN rm -rf /opt/yarn* && \
    for place in /usr/local /usr; do \
      rm -rf $place/lib/node_modules $place/bin/npm $place/bin/npx $place/bin/corepack $place/bin/yarn $place/bin/yarnpkg; \
    done
WORKDIR /app
COPY --chmod=644 package.json policy.yaml ./
COPY --from=build /app/dist dist

ARG VERSION=0.1.0
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="fireblocks-callback-handler" \
      org.opencontainers.image.description="Callback handler for the Fireblocks API Co-signer" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}"

# The user has no entry in /etc/passwd, and the AWS SDK looks for its files below HOME.
ENV HOME=/app
USER 10001:10001
EXPOSE 3000
STOPSIGNAL SIGTERM
# At start the service tries for a minute to reach SSM.
HEALTHCHECK --interval=30s --timeout=5s --start-period=90s --retries=3 CMD ["node", "dist/healthcheck.js"]
ENTRYPOINT ["node", "dist/main.js"]
